import torch

from helpers.exercises import instruction_tuning as exercises
from tests.exercises.trials import trials

CHECKS = {
    "n_asked": exercises.check_n_asked,
    "chatml": exercises.check_chatml,
    "mean_by_conversation": exercises.check_mean_by_conversation,
    "n_lora": exercises.check_n_lora,
    "nearest": exercises.check_nearest,
}


def counted(turns, for_user=0, for_assistant=1):
    return sum(n + for_assistant for role, n in turns if role == "assistant") + for_user


def written(before, after, is_open):
    def solve(messages, add_generation_prompt):
        text = "".join(f"{before.format(m['role'])}{m['content']}{after}" for m in messages)
        return text + (is_open if add_generation_prompt else "")

    return solve


OPEN, CLOSE = "<|im_start|>{}\n", "<|im_end|>\n"


def averaged(by):
    return lambda nats, targets: by(nats, targets != -100)


def svd(difference, rank, first=0, scale=True):
    U, S, V = torch.linalg.svd(difference, full_matrices=False)
    kept = slice(first, first + rank)
    return V[kept], U[:, kept] * (S[kept] if scale else 1)


WRONG = [
    ("n_asked", lambda turns: counted(turns, for_assistant=0), "must learn to stop"),
    ("n_asked", lambda turns: counted(turns, for_assistant=2), "written by the template"),
    ("n_asked", lambda turns: sum(n for _, n in turns), "what a user wrote is not asked for"),
    ("n_asked", lambda turns: counted(turns, for_user=1), "got 10"),
    ("chatml", written(OPEN, "", ""), "every turn ends"),
    ("chatml", written("<|im_start|>{} ", CLOSE, ""), "the role and a line break"),
    ("chatml", written(OPEN, "<|im_end|>", ""), "a line break follows"),
    ("chatml", written(OPEN, CLOSE, ""), "leaves it open"),
    ("chatml", written(OPEN, CLOSE, "<|im_start|>assistant"), "an answer begins after"),
    ("chatml", lambda messages, prompt: written(OPEN, CLOSE, "")(messages[:1], prompt), "but not for three"),
    ("mean_by_conversation", averaged(lambda nats, asked: nats.mean()), "prompt and filler are counted"),
    ("mean_by_conversation", averaged(lambda nats, asked: nats[asked].mean()), "a long answer weighs more"),
    ("mean_by_conversation", averaged(lambda nats, asked: (nats * asked).mean()), "not by the length of the row"),
    ("n_lora", lambda shapes, rank: sum(a * b for a, b in shapes), "the whole matrix"),
    ("n_lora", lambda shapes, rank: sum(rank * a * b for a, b in shapes), "they are not multiplied"),
    ("n_lora", lambda shapes, rank: sum(a + b for a, b in shapes), "that is rank 1"),
    ("n_lora", lambda shapes, rank: rank * sum(map(sum, shapes)) + 1, "got 1921"),
    ("n_lora", lambda shapes, rank: rank * sum(shapes[0]), "a difference of its own"),
    ("nearest", lambda d, rank: svd(d, rank)[::-1], "A is 1 × 3"),
    ("nearest", lambda d, rank: svd(d, rank, first=d.shape[1] - rank), "keeps the smallest direction"),
    ("nearest", lambda d, rank: svd(d, rank, scale=False), "scale A or B by it"),
    ("nearest", lambda d, rank: svd(d, rank, first=1), "your error is 10.000"),
]


(
    test_every_exercise_is_solved,
    test_solutions_pass,
    test_stubs_neither_pass_nor_stop,
    test_mistakes_are_named,
) = trials("05b_instruction_tuning.ipynb", CHECKS, WRONG)
