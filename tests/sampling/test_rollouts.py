import pytest
import torch

from helpers.models import Decoder, DecoderConfig, ScalarHead
from helpers.sampling import Rollout, roll_out, written_log_probs

STOP, PROMPTS = 3, [[5, 6], [7, 8, 9, 4], [1]]


@pytest.fixture
def policy():
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(vocab_size=11, context_length=32, d_model=16, n_layers=2, n_heads=2))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def test_an_answer_ends_with_the_first_stop_and_the_prompt_is_not_the_policys(policy):
    rollout = roll_out(policy, PROMPTS * 8, 20, stop=[STOP], generator=torch.Generator().manual_seed(1))
    assert len({len(answer) for answer in rollout.answers()}) > 3
    for prompt, row, answer in zip(PROMPTS * 8, rollout.ids.tolist(), rollout.answers(), strict=True):
        assert row[: len(prompt) + len(answer)] == prompt + answer
        assert STOP not in answer[:-1]
        assert answer[-1] == STOP or len(answer) == 20


def test_last_is_the_column_where_an_answer_ends():
    rollout = Rollout.of([[1, 2], [1]], [[5, 3], [6, 7, 8, 3]], fill=0)
    assert rollout.last.tolist() == [3, 4]
    assert rollout.answers() == [[5, 3], [6, 7, 8, 3]]
    assert rollout[torch.tensor([1])].answers() == [[6, 7, 8, 3]]
    assert rollout.n_tokens == 6


def test_written_log_probs_add_up_to_the_probability_of_the_answer(policy):
    rollout = Rollout.of([[5, 6], [7]], [[1, 2, 3], [4, 3]], fill=0)
    together = written_log_probs(policy, rollout)
    for i, (prompt, answer) in enumerate([([5, 6], [1, 2, 3]), ([7], [4, 3])]):
        total = 0.0
        for place, token in enumerate(answer):
            logits = policy(torch.tensor([prompt + answer[:place]]))[0, -1]
            total = total + logits.log_softmax(-1)[token]
        torch.testing.assert_close(together[i].sum(), total)
    assert (together == 0).sum() == together.numel() - rollout.n_tokens


def test_a_scalar_head_sees_the_past_only_and_begins_at_zero(policy):
    critic, ids = ScalarHead(policy), torch.tensor([[1, 2, 3, 4]])
    assert not critic(ids).any()
    torch.nn.init.normal_(critic.head.weight)
    before, after = critic(ids), critic(torch.tensor([[1, 2, 3, 9]]))
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])
