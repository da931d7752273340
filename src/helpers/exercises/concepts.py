"""Checks for the chapter on concepts."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.evaluation.pass_at_k import pass_at_k
from helpers.exercises.checking import Claim, called, check

Solve = Callable[..., Any]
TRUTH = {"fox": 0.5, "owl": 0.25, "bear": 0.25}
BELIEF = {"fox": 0.125, "owl": 0.125, "bear": 0.75}


@check
def check_cross_entropy(solve: Solve) -> Iterator[Claim]:
    """`solve(truth, belief)` is what one pays on average for believing `belief`, in bits."""
    answer, surprises = called(solve, TRUTH, BELIEF), {word: -math.log2(q) for word, q in BELIEF.items()}
    wanted = sum(p * surprises[word] for word, p in TRUTH.items())
    swapped = sum(q * -math.log2(TRUTH[word]) for word, q in BELIEF.items())
    yield answer > 0, "a surprise is never negative: turn the sign of the logarithm"
    yield not math.isclose(answer, wanted * math.log(2)), "that is in nats: bits take the logarithm to base 2"
    is_plain_mean = math.isclose(answer, sum(surprises.values()) / 3)
    yield not is_plain_mean, "the words are not equally frequent: weigh each surprise by the truth"
    yield not math.isclose(answer, 1.5), "that is the truth's entropy: the surprise is that of the belief"
    is_swapped = math.isclose(answer, swapped)
    yield not is_swapped, "truth and belief are swapped: the truth draws the words, the belief is surprised"
    yield math.isclose(answer, wanted), f"the toy costs {wanted:.3f} bits, got {answer}"
    yield math.isclose(called(solve, TRUTH, TRUTH), 1.5), "who believes the truth pays its entropy, 1.5 bits"
    sure = called(solve, {"fox": 1.0, "owl": 0.0}, {"fox": 0.5, "owl": 0.5})
    yield math.isclose(sure, 1), "a word that never comes costs nothing, whatever one believes of it"


@check
def check_add_one(solve: Solve) -> Iterator[Claim]:
    """`solve(followers, word, vocab_size)` is the smoothed probability of `word`, with one imagined count per word."""
    followers = Counter({"fox": 3, "owl": 1})
    answer = called(solve, followers, "fox", 6)
    yield not math.isclose(answer, 3 / 4), "that is plain counting: every word of the vocabulary is imagined once more"
    yield not math.isclose(answer, 4 / 5), "one count more in all? Each of the vocabulary's words gets one"
    yield not math.isclose(answer, 4 / 6), "two words were seen, but the vocabulary has six: all of them are imagined"
    yield not math.isclose(answer, 1), "the total grows, too: by one for each word of the vocabulary"
    yield math.isclose(answer, 0.4), f"(3 + 1) of (4 + 6) makes 0.4, got {answer}"
    unseen = called(solve, followers, "bear", 6)
    yield math.isclose(unseen, 0.1), f"a word that never followed has 1 of 10, got {unseen}"
    yield "bear" not in followers, "asking for a count must not change the counts: followers[word] only reads"
    yield math.isclose(called(solve, Counter(), "fox", 6), 1 / 6), "after an unknown context all words are alike"


@check
def check_bits_per_byte(solve: Solve) -> Iterator[Claim]:
    """`solve(nats, text)` is the cost of a text, which was `nats` in all, in bits per byte."""
    text = "狐狸 fox"
    answer = called(solve, 20 * math.log(2), text)
    yield not math.isclose(answer, 20 / 6), "a Chinese character is one character and three bytes: encode the text"
    yield not math.isclose(answer, 2 * math.log(2)), "that is nats per byte: divide by ln 2 to get bits"
    yield not math.isclose(answer, 2 * math.log(2) ** 2), "the other way round: a nat is more than a bit, 1.44 of them"
    yield not math.isclose(answer, 20), "that is the whole text's cost in bits: share it among the bytes"
    yield math.isclose(answer, 2), f"20 bits over 10 bytes make 2, got {answer}"


@check
def check_downhill(solve: Solve) -> Iterator[Claim]:
    """`solve(logits, observed, lr)` are the logits after one step against the gradient, without autograd."""
    logits, observed = torch.tensor([0.0, 1.0, -1.0]), torch.tensor([0.75, 0.25, 0.0])
    wanted = logits - 0.5 * (logits.softmax(0) - observed)
    answer = called(solve, logits.clone(), observed, 0.5)
    up = logits + 0.5 * (logits.softmax(0) - observed)
    yield not torch.allclose(answer, up), "that step goes uphill: against the gradient, which is predicted − observed"
    raw = logits - 0.5 * (logits - observed)
    yield not torch.allclose(answer, raw), "logits are no odds yet: the softmax comes before the comparison"
    yield not torch.allclose(answer, logits.softmax(0) - observed), "that is the gradient: take lr times it off"
    yield torch.allclose(answer, wanted), f"expected {wanted.tolist()}, got {answer.tolist()}"
    at_rest = called(solve, observed.clamp(min=1e-9).log(), observed, 0.5)
    is_still = torch.allclose(at_rest.softmax(0), observed, atol=1e-5)
    yield is_still, "where predicted equals observed nothing must move"


@check
def check_pass_at_k(solve: Solve) -> Iterator[Claim]:
    """`solve(n, n_right, k)` is the chance that k of the n answers, taken at random, hold a right one."""
    answer = called(solve, 10, 3, 2)
    yield not math.isclose(answer, 0.51), "that is with putting back: two answers drawn are never the same one"
    yield not math.isclose(answer, 0.6), "k times the share counts the pairs with two right answers twice"
    yield not math.isclose(answer, 7 / 15), "that is the chance that all of them are wrong: one minus it"
    yield math.isclose(answer, pass_at_k(10, 3, 2)), f"3 right of 10, taken by twos: 24 of 45 pairs, got {answer}"
    yield math.isclose(called(solve, 10, 0, 5), 0), "without a right answer there is nothing to find"
    yield math.isclose(called(solve, 10, 8, 5), 1), "with only 2 wrong ones, no 5 can all be wrong"


@check
def check_mixed_nats(solve: Solve) -> Iterator[Claim]:
    """`solve(first, second, share)` is the surprise in nats of a mixture at a text whose words got these odds."""
    first, second = [0.5, 0.0, 0.8], [0.25, 0.5, 0.2]
    answer = called(solve, first, second, 0.5)
    wanted = -sum(math.log(0.5 * p + 0.5 * q) for p, q in zip(first, second, strict=True))
    yield answer > 0, "surprise is −ln p: turn the sign"
    yield not math.isclose(answer, wanted / 3), "that is a word's mean: the total was asked for"
    yield math.isclose(answer, wanted), "mix the odds of each word first, then take the logarithm of the mixture"
    uneven = called(solve, [0.9], [0.1], 0.25)
    is_swapped = math.isclose(uneven, -math.log(0.7))
    yield not is_swapped, "share belongs to the first model, 1 − share to the second"
    yield math.isclose(uneven, -math.log(0.3)), f"a quarter of 0.9 and three quarters of 0.1 make 0.3, got {uneven}"
