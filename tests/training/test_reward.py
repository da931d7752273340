import math

import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaForSequenceClassification, PreTrainedTokenizerFast
from trl import RewardConfig, RewardTrainer
from trl.trainer.reward_trainer import DataCollatorForPreference

from helpers.corpora.preferences import Labeler, story_pairs, true_reward
from helpers.models import Decoder, DecoderConfig, ScalarHead
from helpers.models.pretrained import to_hugging_face
from helpers.sampling import Rollout
from helpers.tokenizers import BPETokenizer
from helpers.training import adamw, train, warmup_cosine
from helpers.training.reward import (
    ComparisonBatch,
    ComparisonBatches,
    answer_scores,
    center,
    comparison_rollouts,
    preference_loss,
    scores,
    story_endings,
    story_prompts,
    story_rollout,
    true_scores,
)

LLAMA = dict(norm="rms_norm", positions="rope", mlp="swiglu", bias=False, tie_embeddings=False)
MARKS = ("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")


def scalar_head(seed=0, vocab_size=13, context_length=24):
    config = DecoderConfig(
        vocab_size=vocab_size, context_length=context_length, d_model=16, n_layers=1, n_heads=2, **LLAMA
    )
    model = ScalarHead(Decoder(config))
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name != "head.bias":  # other people's heads have none
            torch.nn.init.normal_(parameter, std=0.5, generator=generator)
    return model.eval()


class Table(torch.nn.Module):
    """The smallest reward model: one number for each token, whatever stood before."""

    def __init__(self, numbers):
        super().__init__()
        self.numbers = torch.nn.Parameter(torch.tensor(numbers))

    def forward(self, ids):
        return self.numbers[ids]


def batch():
    prompts = [[1, 2], [7]]
    return ComparisonBatch(
        Rollout.of(prompts, [[4, 5, 3], [9, 3]], fill=0), Rollout.of(prompts, [[6, 3], [10, 11, 3]], fill=0)
    )


@pytest.fixture(scope="module")
def comparisons():
    return Labeler(0.5).compare(story_pairs(12))


@pytest.fixture(scope="module")
def tokenizer(comparisons):
    return BPETokenizer.train([c.beginning for c in comparisons], n_merges=200, special_tokens=MARKS)


def test_an_answers_number_is_the_one_after_its_last_token():
    rollout = Rollout.of([[1, 2], [3]], [[2, 0, 1], [3]], fill=2)
    assert answer_scores(Table([0.0, 1.0, 2.0, 3.0]), rollout).tolist() == [1, 3]


def test_the_loss_of_three_tokens_is_the_one_computed_by_hand():
    model = Table([0.0, math.log(3), -math.log(2)])
    pairs = ComparisonBatch(Rollout.of([[0], [0]], [[1], [2]], 0), Rollout.of([[0], [0]], [[0], [1]], 0))
    # margins ln 3 and −ln 6: the chosen answers win with probability 3/4 and 1/7
    torch.testing.assert_close(preference_loss(model, pairs), torch.tensor(-(math.log(3 / 4) + math.log(1 / 7)) / 2))


def test_equal_scores_pay_ln_2():
    model, pairs = scalar_head(), batch()
    assert abs(preference_loss(model, pairs).item() - math.log(2)) > 0.01
    same = ComparisonBatch(pairs.chosen, pairs.chosen)
    torch.testing.assert_close(preference_loss(model, same), torch.tensor(math.log(2)))
    fresh = ScalarHead(model.decoder)  # a fresh head gives 0 to all
    torch.testing.assert_close(preference_loss(fresh, pairs), torch.tensor(math.log(2)))


def test_swapping_the_pair_flips_the_sign():
    model, pairs = scalar_head(), batch()
    margin = answer_scores(model, pairs.chosen) - answer_scores(model, pairs.rejected)
    swapped = preference_loss(model, ComparisonBatch(pairs.rejected, pairs.chosen))
    assert margin.abs().min() > 0.01
    torch.testing.assert_close(preference_loss(model, pairs), (1 + (-margin).exp()).log().mean())
    torch.testing.assert_close(swapped, (1 + margin.exp()).log().mean())


def test_the_gradient_is_how_likely_the_model_thought_the_other_outcome():
    model = Table([0.0, 0.8, -0.3])
    pair = ComparisonBatch(Rollout.of([[0]], [[1]], 0), Rollout.of([[0]], [[2]], 0))
    preference_loss(model, pair).backward()
    wrong = 1 / (1 + math.exp(1.1))
    torch.testing.assert_close(model.numbers.grad, torch.tensor([0.0, -wrong, wrong]))


def test_a_shift_of_all_scores_changes_nothing():
    model, pairs = scalar_head(), batch()
    before = preference_loss(model, pairs)
    model.head.bias.data += 7
    torch.testing.assert_close(preference_loss(model, pairs), before)


def test_centred_scores_have_a_mean_of_0_and_the_same_differences():
    model, pairs = scalar_head(), batch()
    before, loss = answer_scores(model, pairs.rejected), preference_loss(model, pairs)
    assert center(model, pairs.chosen) is model
    torch.testing.assert_close(answer_scores(model, pairs.chosen).mean(), torch.tensor(0.0))
    after = answer_scores(model, pairs.rejected)
    torch.testing.assert_close(after[1] - after[0], before[1] - before[0])
    assert not torch.allclose(after, before)
    torch.testing.assert_close(preference_loss(model, pairs), loss)


def test_what_follows_an_answer_and_the_other_rows_change_no_score():
    model = scalar_head()
    short = Rollout.of([[1, 2]], [[4, 3]], fill=0)
    padded = Rollout.of([[1, 2], [7]], [[4, 3], [5, 6, 8, 9, 3]], fill=12)
    torch.testing.assert_close(answer_scores(model, padded)[:1], answer_scores(model, short))


def test_scores_in_parts_are_the_scores_without_a_gradient():
    model, rollout = scalar_head(), batch().chosen
    torch.testing.assert_close(scores(model, rollout, rows_at_once=1), answer_scores(model, rollout))
    assert answer_scores(model, rollout).requires_grad
    assert not scores(model, rollout).requires_grad


def trl_loss(model, folder):
    """TRL's loss of the batch above, by its trainer, for the same weights."""
    theirs = to_hugging_face(model.decoder)
    theirs.config.num_labels, theirs.config.pad_token_id = 1, 0
    scorer = LlamaForSequenceClassification(theirs.config).eval()
    scorer.model.load_state_dict(theirs.model.state_dict())
    scorer.score.weight.data.copy_(model.head.weight.data)
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(13)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = RewardTrainer(
        scorer,
        args=RewardConfig(output_dir=str(folder), use_cpu=True, bf16=False, report_to=[], disable_tqdm=True),
        train_dataset=Dataset.from_list([{"chosen": "w1 w2 w4", "rejected": "w1 w2 w6"}]),
        processing_class=PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0", eos_token="w3"),
    )
    rows = [
        {"chosen_ids": [1, 2, 4, 5, 3], "rejected_ids": [1, 2, 6, 3]},
        {"chosen_ids": [7, 9, 3], "rejected_ids": [7, 10, 11, 3]},
    ]
    inputs = DataCollatorForPreference(pad_token_id=0)(rows)
    return trainer.compute_loss(trainer.model.eval(), inputs), trainer.model


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.equals("helpers.training.reward.preference_loss", "trl.RewardTrainer", "loss and its gradient, two pairs")
def test_the_loss_is_trls(tmp_path):
    model = scalar_head()
    theirs, scorer = trl_loss(model, tmp_path)
    ours = preference_loss(model, batch())
    torch.testing.assert_close(ours, theirs)
    theirs.backward()
    ours.backward()
    torch.testing.assert_close(model.head.weight.grad, scorer.score.weight.grad)
    torch.testing.assert_close(model.decoder.token_embedding.weight.grad, scorer.get_input_embeddings().weight.grad)
    assert abs(ours.item() - math.log(2)) > 0.01


def test_stories_become_chats_and_come_back(comparisons, tokenizer):
    beginnings, chosen, _ = zip(*comparisons, strict=True)
    rollout = story_rollout(beginnings, chosen, tokenizer)
    assert story_endings(rollout, tokenizer) == list(chosen)
    text = f"<|user|>Finish the story: {beginnings[0]}<|end|><|assistant|>{chosen[0]}<|end|>"
    assert tokenizer.decode(rollout.ids[0, : rollout.last[0] + 1].tolist()) == text
    assert (
        rollout.ids[0].tolist()[: len(story_prompts(beginnings, tokenizer)[0])]
        == story_prompts(beginnings, tokenizer)[0]
    )
    assert all(answer[-1] == tokenizer.special["<|end|>"] for answer in rollout.answers())


def test_an_ending_that_was_cut_off_is_read_as_far_as_it_goes(comparisons, tokenizer):
    prompt = story_prompts([comparisons[0].beginning], tokenizer)
    assert story_endings(Rollout.of(prompt, [tokenizer.encode("Zoe shared her")], fill=0), tokenizer) == [
        "Zoe shared her"
    ]


def test_true_scores_are_the_true_rewards_of_the_texts(comparisons, tokenizer):
    rollout = comparison_rollouts(comparisons, tokenizer).rejected
    expected = torch.tensor([true_reward(c.rejected).total for c in comparisons])
    torch.testing.assert_close(true_scores(rollout, tokenizer), expected)
    assert expected.std() > 0.3


def test_a_batch_of_comparisons_depends_on_the_seed_and_the_step_alone_and_repeats_none():
    many = ComparisonBatch(
        Rollout.of([[1]] * 8, [[i, 0] for i in range(8)], 0), Rollout.of([[1]] * 8, [[i, 1] for i in range(8)], 0)
    )

    def picked(seed, step):
        chosen, rejected = (r.ids[:, 1].tolist() for r in vars(ComparisonBatches(many, 5, seed)[step]).values())
        assert chosen == rejected  # the pairs stay together
        return chosen

    assert picked(1, 2) == picked(1, 2)
    assert len({tuple(picked(seed, step)) for seed in (1, 2) for step in (1, 2)}) == 4
    assert len(set(picked(1, 2))) == 5
    assert ComparisonBatches(many, 5)[0].n_tokens == 20
    with pytest.raises(ValueError, match="from 8 comparisons, got batch_size=9"):
        ComparisonBatches(many, 9)


def test_the_loop_learns_what_the_chosen_answers_have_in_common():
    generator = torch.Generator().manual_seed(0)
    good, bad = (torch.randint(7, 12, (64, 4), generator=generator) for _ in range(2))
    good[:, 1], bad[:, 1] = 5, 6
    pairs = ComparisonBatch(*(Rollout.of([[1, 2]] * 64, rows.tolist(), 0) for rows in (good, bad)))
    model, unseen = scalar_head(), pairs[48:]
    batches = ComparisonBatches(pairs[:48], 16)
    for _ in train(model, batches, preference_loss, adamw(model, 1e-2), warmup_cosine(40, 4), 40):
        pass
    assert (scores(model, unseen.chosen) > scores(model, unseen.rejected)).all()
