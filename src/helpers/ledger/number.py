"""A number that was computed again, beside the one that is stated: it carries its own test."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Number:
    """What was computed, what a source or the correction states, and how far the two may differ."""

    what: str
    value: float
    stated: float
    unit: str = ""
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not self.what:
            raise ValueError("a number says what it is the number of, got an empty text")
        if not self.tolerance >= 0:
            raise ValueError(f"a tolerance is 0 or more, got {self.tolerance} for {self.what!r}")

    @property
    def agrees(self) -> bool:
        """Whether the computed number is the stated one, within the tolerance."""
        return abs(self.value - self.stated) <= self.tolerance

    def __str__(self) -> str:
        shown, stated = readable(self.value, self.tolerance), readable(self.stated, self.tolerance)
        same = shown == stated or self.stated == 0  # "0 up to rounding" is no published figure
        return f"{self.what}: {shown}{' ' * bool(self.unit)}{self.unit}" + ("" if same else f" (stated: {stated})")


def readable(value: float, tolerance: float = 0.0) -> str:
    """A number as the page shows it: whole ones in full, others with four digits, dust as 0.

    >>> readable(174604259328)
    '174,604,259,328'
    >>> readable(3.14287e23), readable(0.10737), readable(3e-13, 1e-10)
    ('3.143 × 10^23', '0.1074', '0')
    """
    if abs(value) <= tolerance < 0.001:
        return "0"
    if abs(value) >= 1e15:
        digits, power = f"{value:.3e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')} × 10^{int(power)}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
