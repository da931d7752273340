import math

from helpers import checkpoints
from helpers.corpora import tales
from helpers.evaluation.scaling_law import ScalingLaw
from helpers.exercises import scaling_and_prompting as chapter
from tests.exercises.trials import trials

CHECKS = {
    "training_operations": chapter.check_training_operations,
    "tokens_needed": chapter.check_tokens_needed,
    "expected_exact_match": chapter.check_expected_exact_match,
    "best_accuracy": chapter.check_best_accuracy,
    "induction": chapter.check_induction,
}


def tokens(law, n, loss, *, floor=True, size=True, root=True, flipped=False, finite=False):
    left = loss - law.floor * floor - law.a / n**law.alpha * size
    if left <= 0 and not finite:
        return math.inf
    ratio = left / law.b if flipped else law.b / abs(left or 1)
    return ratio ** (1 / law.beta) if root else ratio


def look_up(ids, lengths=(2, 1), *, first=False, offset=0):
    for length in lengths:
        places = range(len(ids) - 1, length - 1, -1)
        for i in reversed(places) if first else places:
            if ids[i - length : i] == ids[-length:]:
                return ids[i - offset]
    return None


WRONG = [
    ("training_operations", lambda n, d: 2 * n * d, "the forward pass; going backward"),
    ("training_operations", lambda n, d: 4 * n * d, "the forward pass is missing"),
    ("training_operations", lambda n, d: n * d, "two forward, four backward"),
    ("training_operations", lambda n, d: 6 * n * d + 1, "6,000 operations, got 6001"),
    ("training_operations", lambda n, d: 6000 if n == 10 else 0, "Chinchilla took"),
    ("tokens_needed", lambda *a: tokens(*a, size=False), "both come off"),
    ("tokens_needed", lambda *a: tokens(*a, floor=False), "what the model's size costs|both come off"),
    ("tokens_needed", lambda *a: tokens(*a, root=False), "take the root"),
    ("tokens_needed", lambda *a: tokens(*a, flipped=True), "upside down"),
    ("tokens_needed", lambda *a: tokens(*a, finite=True), "math.inf tokens"),
    ("tokens_needed", lambda law, n, loss: tokens(law._replace(beta=0.5), n, loss), "which root"),
    ("expected_exact_match", lambda p: p.mean().item(), "how often one token"),
    ("expected_exact_match", lambda p: p.mean(0).prod().item(), "comes last"),
    ("expected_exact_match", lambda p: p.sum(1).mean().item(), "at most 1"),
    ("expected_exact_match", lambda p: p.mean().item() ** p.shape[1], "comes last"),
    ("best_accuracy", lambda n, k: 1 - (1 - 1 / k) ** n, "a guess can still be right"),
    ("best_accuracy", lambda n, k: 1 - (1 - 1 / k) ** n + 1 / k, "only where the symbol was not shown"),
    ("best_accuracy", lambda n, k: (1 - 1 / k) ** n / k, "the guess alone"),
    ("best_accuracy", lambda n, k: min(1, n / k) + (1 - min(1, n / k)) / k, "some come twice"),
    ("induction", lambda ids: look_up(ids, (1,)), "the pair 1 2 stood earlier"),
    ("induction", lambda ids: look_up(ids, offset=1), "what stands behind the match"),
    ("induction", lambda ids: look_up(ids, first=True), "the last one counts"),
    ("induction", lambda ids: look_up(ids, (2,)), "the single 2 decides"),
    ("induction", lambda ids: look_up(ids) or 0, "nothing can be looked up"),
]

(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("03c_scaling_and_prompting.ipynb", CHECKS, WRONG, math=math, ScalingLaw=ScalingLaw)


def test_on_stories_a_lookup_gets_four_tokens_in_a_hundred_and_a_third_token_adds_nothing():
    cutter = checkpoints.load("gpt-tales")[1]
    stories = [cutter.encode(story) for story in tales.stories(20, seed=9)]
    places = [(ids[:i], ids[i]) for ids in stories for i in range(1, len(ids))]
    two, three = ([look_up(past, lengths) for past, _ in places] for lengths in ((2, 1), (3, 2, 1)))
    rights = [sum(s == t for s, (_, t) in zip(said, places, strict=True)) for said in (two, three)]
    assert rights[0] == rights[1]
    assert round(100 * rights[0] / len(places)) == 4
    assert two.count(None) > len(places) / 2
