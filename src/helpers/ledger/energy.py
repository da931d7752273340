"""Grams of CO₂ per kilowatt hour that the model cards imply, at the full power of their cards' GPUs."""

from helpers.ledger.number import Number

# GPU hours, watts of one GPU, tonnes of CO₂, as printed
CARDS = {
    "Llama 2": (3.3e6, 400, 539, 408), "Llama 4": (7.38e6, 700, 1999, 387), "Llama 3.3": (7.0e6, 700, 12.9, 2.6),
}  # fmt: skip


def cards() -> list[Number]:
    """A grid emits some hundreds; 2.6 would be nearly none."""
    numbers = []
    for name, (hours, watts, tonnes, stated) in CARDS.items():
        kilowatt_hours = hours * watts / 1000
        grams = 1e6 * tonnes / kilowatt_hours
        numbers.append(Number(f"{name}, energy", kilowatt_hours / 1e6, round(kilowatt_hours / 1e6, 2), "GWh", 0.005))
        numbers.append(Number(f"{name}, CO₂ by its card", grams, stated, "g per kWh", 0.02 * stated))
    return numbers
