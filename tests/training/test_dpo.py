import itertools
import math

import pytest
import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from helpers.models import Decoder, DecoderConfig
from helpers.models.pretrained import to_hugging_face
from helpers.sampling import Rollout, written_log_probs
from helpers.training import adamw, train
from helpers.training.dpo import (
    DPOBatches,
    answer_log_probs,
    dpo_loss,
    implicit_rewards,
    margins,
    with_reference,
)

PROMPTS, CHOSEN, REJECTED = [[1, 2], [7]], [[4, 5, 3], [9, 3]], [[6, 3], [10, 11, 3]]


def decoder(seed):
    model = Decoder(DecoderConfig(vocab_size=13, context_length=24, d_model=16, n_layers=1, n_heads=2))
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return model.eval()


def rollouts():
    return Rollout.of(PROMPTS, CHOSEN, fill=0), Rollout.of(PROMPTS, REJECTED, fill=0)


class Table(torch.nn.Module):
    """The smallest policy: after any token one table of logits, so an answer is one token."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.tensor(logits))

    def forward(self, ids):
        return self.logits.expand(*ids.shape, -1)


def one_token_pairs(reference, chosen, rejected):
    prompts = [[0]] * len(chosen)
    return with_reference(
        reference,
        Rollout.of(prompts, [[answer] for answer in chosen], fill=0),
        Rollout.of(prompts, [[answer] for answer in rejected], fill=0),
    )


def test_a_policy_that_is_its_reference_pays_ln_2_for_every_pair():
    batch = with_reference(decoder(0), *rollouts())
    torch.testing.assert_close(dpo_loss(0.3)(decoder(0), batch), torch.tensor(math.log(2)))
    torch.testing.assert_close(dpo_loss(0.3, label_noise=0.2)(decoder(0), batch), torch.tensor(math.log(2)))
    assert abs(dpo_loss(0.3)(decoder(1), batch).item() - math.log(2)) > 0.01


def test_swapping_the_pair_flips_the_margin():
    chosen, rejected = rollouts()
    policy, reference = decoder(0), decoder(1)
    margin = margins(policy, with_reference(reference, chosen, rejected), 0.3)
    swapped = margins(policy, with_reference(reference, rejected, chosen), 0.3)
    torch.testing.assert_close(swapped, -margin)
    assert margin.abs().min() > 0.01


def test_the_loss_of_a_three_token_answer_is_the_one_computed_by_hand():
    # one step of the policy: p(a) = 1/2, p(b) = 1/4, p(c) = 1/4; the reference thinks all three alike
    policy, reference = Table([math.log(2), 0.0, 0.0]), Table([0.0, 0.0, 0.0])
    pair = with_reference(reference, Rollout.of([[0]], [[0, 1, 0]], 0), Rollout.of([[0]], [[1, 2, 2]], 0))
    chosen = math.log(1 / 2 * 1 / 4 * 1 / 2) - 3 * math.log(1 / 3)
    rejected = 3 * math.log(1 / 4) - 3 * math.log(1 / 3)
    assert chosen - rejected == pytest.approx(math.log(4))
    expected = -math.log(1 / (1 + 4**-0.5))  # with beta 1/2 the margin is half of ln 4
    torch.testing.assert_close(dpo_loss(0.5)(policy, pair), torch.tensor(expected))
    implicit = implicit_rewards(policy, pair.chosen, pair.chosen_reference, 0.5)
    torch.testing.assert_close(implicit, torch.tensor([0.5 * chosen]))
    noisy = -0.9 * math.log(1 / (1 + 4**-0.5)) - 0.1 * math.log(1 / (1 + 4**0.5))
    torch.testing.assert_close(dpo_loss(0.5, label_noise=0.1)(policy, pair), torch.tensor(noisy))


def gradient(value, model):
    return torch.cat([g.flatten() for g in torch.autograd.grad(value, list(model.parameters()))])


def test_the_gradient_raises_the_chosen_and_lowers_the_rejected_by_how_wrong_the_policy_is():
    policy, beta = decoder(0), 0.3
    batch = with_reference(decoder(1), *rollouts())[:1]
    weight = beta * torch.sigmoid(-margins(policy, batch, beta)).item()
    up, down = (gradient(written_log_probs(policy, r).sum(), policy) for r in (batch.chosen, batch.rejected))
    torch.testing.assert_close(gradient(dpo_loss(beta)(policy, batch), policy), -weight * (up - down))
    assert not math.isclose(weight, beta / 2, rel_tol=0.01)


def trl_loss(policy, reference, beta, folder):
    words = Tokenizer(models.WordLevel({f"w{i}": i for i in range(13)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    settings = DPOConfig(output_dir=str(folder), use_cpu=True, bf16=False, report_to=[], beta=beta, disable_tqdm=True)
    trainer = DPOTrainer(
        to_hugging_face(policy),
        to_hugging_face(reference),
        args=settings,
        train_dataset=Dataset.from_list([{"prompt": "w1 w2", "chosen": " w4 w5", "rejected": " w6"}]),
        processing_class=PreTrainedTokenizerFast(tokenizer_object=words, pad_token="w0", eos_token="w3"),
    )
    pairs = zip(PROMPTS, CHOSEN, REJECTED, strict=True)
    rows = [dict(prompt_ids=p, chosen_ids=c, rejected_ids=r) for p, c, r in pairs]
    model = trainer.model.eval()
    return trainer.compute_loss(model, DataCollatorForPreference(pad_token_id=0)(rows)), model


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.equals("helpers.training.dpo.dpo_loss", "trl.DPOTrainer", "loss and its gradient, two pairs")
@pytest.mark.parametrize("beta", [0.1, 2.0])
def test_the_loss_is_trls(beta, tmp_path):
    policy, reference = decoder(0), decoder(1)
    theirs, model = trl_loss(policy, reference, beta, tmp_path)
    ours = dpo_loss(beta)(policy, with_reference(reference, *rollouts()))
    torch.testing.assert_close(ours, theirs)
    theirs.backward()
    ours.backward()
    torch.testing.assert_close(policy.token_embedding.weight.grad, model.get_input_embeddings().weight.grad)
    assert abs(ours.item() - math.log(2)) > 0.001


def descend(policy, loss):
    optimizer = torch.optim.LBFGS(policy.parameters(), max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_on_exact_preferences_it_finds_the_policy_that_the_reward_asks_for(beta):
    rewards = torch.tensor([1.0, -0.5, 0.3, 2.0])
    reference, policy = Table([0.1, 0.7, -0.4, -1.0]), Table([0.0, 0.0, 0.0, 0.0])
    pairs = [
        (one_token_pairs(reference, [a], [b]), torch.sigmoid(rewards[b] - rewards[a]).item())
        if rewards[a] > rewards[b]
        else (one_token_pairs(reference, [b], [a]), torch.sigmoid(rewards[a] - rewards[b]).item())
        for a, b in itertools.combinations(range(4), 2)
    ]
    # the mean loss over a Bradley-Terry labeler's choices is the loss with that labeler's share of upsets as noise
    descend(policy, lambda: sum(dpo_loss(beta, label_noise=upset)(policy, pair) for pair, upset in pairs))
    best = (reference.logits.log_softmax(-1) + rewards / beta).softmax(-1)
    torch.testing.assert_close(policy.logits.softmax(-1), best, atol=1e-3, rtol=1e-3)  # where the search stops
    assert not torch.allclose(best, reference.logits.softmax(-1), atol=0.05)


def test_known_label_noise_stops_the_margin_where_it_explains_the_upsets():
    policy, reference = Table([0.0, 0.0]), Table([0.0, 0.0])
    pair = one_token_pairs(reference, [0], [1])
    descend(policy, lambda: dpo_loss(0.5, label_noise=0.2)(policy, pair))
    won = torch.sigmoid(margins(policy, pair, 0.5))
    torch.testing.assert_close(won, torch.tensor([0.8]), atol=1e-3, rtol=0)  # where the search stops


def test_train_widens_the_margin_and_prompts_and_padding_get_no_gradient():
    policy, reference = decoder(0), decoder(0)
    comparisons = with_reference(reference, *rollouts())
    batches = DPOBatches(comparisons, batch_size=2)
    steps = train(policy, batches, dpo_loss(0.5), adamw(policy, 1e-2), lambda step: 1.0, 10)
    losses = [record["loss"] for record in steps]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-5)
    assert losses[-1] < 0.5
    assert (margins(policy, comparisons, 0.5) > 0).all()
    wider = with_reference(reference, *(Rollout(*widened(rollout)) for rollout in rollouts()))
    torch.testing.assert_close(dpo_loss(0.5)(policy, wider), dpo_loss(0.5)(policy, comparisons))


def widened(rollout):
    return torch.nn.functional.pad(rollout.ids, (0, 3), value=8), torch.nn.functional.pad(rollout.is_written, (0, 3))


def test_a_batch_keeps_each_pair_with_its_own_reference():
    chosen, rejected = (Rollout.of(PROMPTS * 8, answers * 8, fill=0) for answers in (CHOSEN, REJECTED))
    reference = decoder(1)
    batches = DPOBatches(with_reference(reference, chosen, rejected), batch_size=5, seed=3)
    batch, again = batches[4], batches[4]
    assert torch.equal(batch.chosen.ids, again.chosen.ids)
    assert not torch.equal(batch.chosen.ids, batches[5].chosen.ids)
    torch.testing.assert_close(batch.chosen_reference, answer_log_probs(reference, batch.chosen))
    torch.testing.assert_close(batch.rejected_reference, answer_log_probs(reference, batch.rejected, rows_at_once=2))
    assert batch.n_tokens == batch.chosen.n_tokens + batch.rejected.n_tokens
    for prompt, other in zip(batch.chosen.ids, batch.rejected.ids, strict=True):
        assert prompt[0] == other[0]


def test_what_cannot_be_is_refused():
    chosen, rejected = rollouts()
    with pytest.raises(ValueError, match="got 2 chosen, 1 rejected"):
        with_reference(decoder(0), chosen, rejected[:1])
    with pytest.raises(ValueError, match="picks from 2 comparisons, got batch_size=3"):
        DPOBatches(with_reference(decoder(0), chosen, rejected), 3)
    with pytest.raises(ValueError, match="got beta=0"):
        dpo_loss(0)
    with pytest.raises(ValueError, match=r"label_noise=0.5"):
        dpo_loss(0.1, label_noise=0.5)
