"""Checks for the chapter on instruction tuning."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from helpers.exercises.checking import Claim, called, check
from helpers.tokenizers.chat_template import CHATML

Solve = Callable[..., Any]
CHAT = [
    {"role": "system", "content": "You tell tales."},
    {"role": "user", "content": "Who ran?"},
    {"role": "assistant", "content": "Ida did."},
]


@check
def check_n_asked(solve: Solve) -> Iterator[Claim]:
    """`solve(turns)` counts the predictions that are asked for; a turn is its role and the tokens of its message."""
    turns = [("user", 12), ("assistant", 4), ("user", 5), ("assistant", 3)]
    answer = called(solve, turns)
    yield answer != 7, "the mark that ends an answer is asked for, too: a model must learn to stop"
    yield answer != 11, "the mark that opens a turn is written by the template, not by the assistant"
    yield answer != 24, "that is all that people and the assistant wrote: what a user wrote is not asked for"
    yield answer == 9, f"4 + 1 tokens of the first answer and 3 + 1 of the second, got {answer}"
    yield called(solve, [("user", 3), ("assistant", 0)]) == 1, "an empty answer still ends"
    yield called(solve, [("system", 4), ("user", 3)]) == 0, "without an answer nothing is asked for"


@check
def check_chatml(solve: Solve) -> Iterator[Claim]:
    """`solve(messages, add_generation_prompt)` is the chat in ChatML."""
    one = CHAT[1:2]
    text = called(solve, one, False)
    yield "<|im_end|>" in text, f"every turn ends with <|im_end|>, got {text!r}"
    yield "<|im_start|>user\n" in text, f"after <|im_start|> come the role and a line break, got {text!r}"
    yield text.endswith("\n"), "a line break follows <|im_end|>"
    yield text == CHATML.render(one), f"'<|im_start|>user\\nWho ran?<|im_end|>\\n' is wanted, got {text!r}"
    yield called(solve, CHAT, False) == CHATML.render(CHAT), "right for one message, but not for three"
    asked = called(solve, CHAT[:2], True)
    yield not asked.endswith("<|im_end|>\n"), "the prompt for an answer opens a turn and leaves it open"
    wanted = CHATML.render(CHAT[:2], add_generation_prompt=True)
    yield asked == wanted, f"an answer begins after '<|im_start|>assistant\\n', got {asked[-30:]!r}"


@check
def check_mean_by_conversation(solve: Solve) -> Iterator[Claim]:
    """`solve(nats, targets)` is the mean over conversations of each one's mean surprise at what is asked for."""
    nats = torch.tensor([[9.0, 1.0, 1.0, 9.0, 9.0], [9.0, 2.0, 2.0, 2.0, 2.0]])
    targets = torch.tensor([[-100, 7, 7, -100, -100], [-100, 7, 7, 7, 7]])
    answer = float(called(solve, nats, targets))
    yield not math.isclose(answer, 46 / 10, rel_tol=1e-4), "prompt and filler are counted: leave targets of -100 out"
    yield not math.isclose(answer, 10 / 6, rel_tol=1e-4), "that is the mean over tokens: a long answer weighs more"
    yield not math.isclose(answer, 1.0, rel_tol=1e-4), "divide by what is asked for, not by the length of the row"
    yield math.isclose(answer, 1.5, rel_tol=1e-4), f"the means are 1 and 2, and theirs is 1.5; got {answer:.3f}"


@check
def check_n_lora(solve: Solve) -> Iterator[Claim]:
    """`solve(shapes, rank)` counts what learns if every matrix of these shapes gets a difference of this rank."""
    answer = called(solve, [(384, 96)], 4)
    yield answer != 384 * 96, "that is the whole matrix"
    yield answer != 4 * 384 * 96, "A has rank × d_in numbers and B d_out × rank: they add up, they are not multiplied"
    yield answer != 480, "that is rank 1: one row of A and one column of B"
    yield answer == 1920, f"4 × 96 numbers in A and 384 × 4 in B, got {answer}"
    yield called(solve, [(96, 96), (96, 384)], 16) == 16 * (192 + 480), "every matrix has a difference of its own"


@check
def check_nearest(solve: Solve) -> Iterator[Claim]:
    """`solve(difference, rank)` gives A and B such that B A is as near to the difference as a rank can be."""
    difference = torch.diag(torch.tensor([1.0, 3.0, 2.0]))
    A, B = called(solve, difference, 1)
    shapes = tuple(A.shape), tuple(B.shape)
    yield shapes == ((1, 3), (3, 1)), f"at rank 1 A is 1 × 3 and B is 3 × 1, got {shapes[0]} and {shapes[1]}"
    error = (difference - B @ A).square().sum().item()
    yield not math.isclose(error, 13, rel_tol=1e-3), "that keeps the smallest direction: keep the largest"
    yield not math.isclose(error, 9, rel_tol=1e-3), "one singular value is missing in the product: scale A or B by it"
    yield math.isclose(error, 5, rel_tol=1e-3), f"what cannot be kept is 1 and 2, squared 5; your error is {error:.3f}"
    some = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    A, B = called(solve, some, 2)
    best = torch.linalg.svdvals(some)[2:].square().sum().item()
    yield math.isclose((some - B @ A).square().sum().item(), best, rel_tol=1e-3), "right at rank 1, but not at rank 2"
    A, B = called(solve, some, 4)
    yield torch.allclose(B @ A, some, atol=1e-4), "a full rank keeps everything"
