"""What the playground says one may see is there to be seen."""

from helpers import records
from helpers.widgets import AttentionExplorer, MemoryExplorer, TokenizerExplorer

TEXT = "Once upon a time there was a kind fox named Leo. For his birthday he got a red drum from his uncle. He told his"


def test_head_2_of_layer_1_looks_at_the_uncle_and_the_guess_follows():
    explorer = AttentionExplorer(text=TEXT, layer=1, head=2)
    tokens = explorer.example["tokens"]
    assert tokens[max(range(len(tokens)), key=lambda i: explorer.looked_at[i])].strip("␣ ") == "uncle"
    assert max(explorer.looked_at) > 0.7


def test_a_full_stop_can_hand_on_the_name_that_it_has_fetched():
    explorer = AttentionExplorer(
        text="This is the story of Leo, a kind little fox. Near the well lived", layer=1, head=2
    )
    stop = explorer.example["tokens"].index(".")
    assert explorer.looked_at[stop] > 0.8
    explorer.layer, explorer.head, explorer.token = 0, 0, stop
    assert explorer.looked_at[explorer.example["tokens"].index(" Leo")] > 0.8


def test_the_tokenizer_has_never_seen_chinese():
    explorer = TokenizerExplorer()
    explorer.text = "狐"
    assert len(explorer.tokens) == 3
    explorer.text = " uncle"
    assert len(explorer.tokens) == 1


def test_the_cache_of_a_long_text_weighs_as_much_as_the_model():
    explorer = MemoryExplorer("llama-3.1-8b", context=131_072)
    assert 1 < explorer.cache_bytes / explorer.weight_bytes < 1.1
    assert explorer.weight_bytes + explorer.cache_bytes < 80e9 < explorer.weight_bytes + 4 * explorer.cache_bytes


def test_all_seeds_pass_the_bigram_within_a_hundred_steps():
    values = records.load("gpt_on_tales")["values"]
    for losses in values["losses"]:
        below = [step for step, loss in zip(values["steps"], losses, strict=True) if loss < values["levels"]["bigram"]]
        assert below[0] < 100
