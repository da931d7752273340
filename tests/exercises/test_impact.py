import math
from statistics import NormalDist, mean, pvariance, variance

from helpers.exercises import impact
from tests.exercises.trials import trials

CHECKS = {
    "risks": impact.check_risks,
    "amplified": impact.check_amplified,
    "p_value": impact.check_p_value,
    "length_needed": impact.check_length_needed,
    "interval": impact.check_interval,
    "carbon": impact.check_carbon,
}


def shares(order):
    return [sum(order[: i + 1]) / (i + 1) for i in range(len(order))]


def ranked(confidences, is_wrong, downwards=True):
    return [w for _, w in sorted(zip(confidences, is_wrong, strict=True), reverse=downwards)]


def tail(start, n, share):
    return sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(start, n + 1))


def around(a, b, half):
    return mean(a) - mean(b) - half, mean(a) - mean(b) + half


WRONG = [
    ("risks", lambda c, w: shares(w), "in which they were asked"),
    ("risks", lambda c, w: shares(ranked(c, w, downwards=False)), "sort downwards"),
    ("risks", lambda c, w: [sum(ranked(c, w)[: i + 1]) / len(w) for i in range(len(w))], "how many are answered"),
    ("risks", lambda c, w: [sum(w) / len(w)], "four shares"),
    ("risks", lambda c, w: [0.0] * 4, "0, 1/2, 1/3, 1/2"),
    ("amplified", lambda p, t: p ** (1 / t), "half of the work"),
    ("amplified", lambda p, t: p**t / (p**t + (1 - p) ** t), "the exponent is 1/t"),
    ("amplified", lambda p, t: p**2 / (p**2 + (1 - p) ** 2), "temperature 1 changes nothing"),
    ("amplified", lambda p, t: 1.0, "16/17"),
    ("p_value", lambda k, n, s: math.comb(n, k) * s**k * (1 - s) ** (n - k), "exactly nine"),
    ("p_value", lambda k, n, s: tail(k + 1, n, s), "includes nine"),
    ("p_value", lambda k, n, s: 1 - tail(k + 1, n, s), "from the other end"),
    ("p_value", lambda k, n, s: tail(k, n, 0.5), "both red 9 times in 16"),
    ("p_value", lambda k, n, s: 1 - NormalDist(n * s, math.sqrt(n * s * (1 - s))).cdf(k), "ten ways for nine"),
    ("length_needed", lambda g, s, z: math.ceil(z * math.sqrt(s * (1 - s)) / (g - s)), "square"),
    ("length_needed", lambda g, s, z: math.ceil((z / (g - s)) ** 2), "the variance's share"),
    ("length_needed", lambda g, s, z: int(round(z**2 * s * (1 - s) / (g - s) ** 2, 6)), "round up"),
    ("length_needed", lambda g, s, z: 64, "takes 225"),
    ("interval", lambda a, b: around(a, b, math.sqrt(variance(a) / 4 + variance(b) / 4)), "1.96 of them"),
    ("interval", lambda a, b: around(a, b, 1.96 * math.sqrt(variance(a) + variance(b))), "its number of people"),
    ("interval", lambda a, b: around(a, b, 1.96 * math.sqrt(variance(a) / 4)), "add their variances"),
    ("interval", lambda a, b: around(a, b, 1.96 * math.sqrt(pvariance(a) / 4 + pvariance(b) / 4)), "n − 1"),
    ("interval", lambda a, b: around(b, a, 1.0), "its middle"),
    ("carbon", lambda h, w, g, o: h * w * g * o / 1e6, "a thousand watts"),
    ("carbon", lambda h, w, g, o: h * w * g * o / 1000, "in grams"),
    ("carbon", lambda h, w, g, o: h * w * g / 1e9, "for cooling"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("08b_impact.ipynb", CHECKS, WRONG, math=math, NormalDist=NormalDist)
