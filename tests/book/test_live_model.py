"""The published weights, fetched and run in Chromium, are the model that PyTorch runs."""

from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect

from helpers import checkpoints, sampling
from helpers.models import Decoder, DecoderConfig
from helpers.tokenizers import BPETokenizer
from helpers.tokenizers.readable import readable
from helpers.widgets import SamplingExplorer, Writer
from helpers.widgets.bundle import library
from tests.book.conftest import ready

SMALL = DecoderConfig(vocab_size=257, context_length=16, d_model=16, n_layers=1, n_heads=2)

PROGRAM = """async ([code, name, ids, n]) => {
    const { assemble, newCache, read, readSafetensors } = await import(URL.createObjectURL(
        new Blob([code], { type: "text/javascript" })));
    const answer = await fetch(`${window.BOOK_MODELS}${name}.safetensors`);
    const { tensors, metadata } = readSafetensors(new Uint8Array(await answer.arrayBuffer()));
    const model = assemble(tensors, JSON.parse(metadata.config));
    const cache = newCache(model);
    const logits = ids.map((id) => Array.from(read(model, id, cache)));
    const written = [];
    for (let next = logits.at(-1), i = 0; i < n; i++) {
        written.push(next.indexOf(next.reduce((a, b) => Math.max(a, b))));
        next = read(model, written.at(-1), cache);
    }
    return { logits, written };
}"""


def run_in_page(page: Page, name: str, ids: list[int], n: int) -> dict[str, Any]:
    """What the page's own modules compute with the weights of the site."""
    return page.evaluate(PROGRAM, [library("decoder.js", "safetensors.js"), name, ids, n])


@pytest.mark.parametrize("name", ["gpt-tales", "llama-tales"])
def test_chromium_computes_the_logits_of_pytorch_and_writes_the_same_tokens(page: Page, site: str, name: str):
    page.goto(site + "book/notation.html")
    model, tokenizer = checkpoints.load(name)
    ids = [tokenizer.eot_id, *tokenizer.encode("This is the story of Leo, a kind little fox. 🦊")]
    answer = run_in_page(page, name, ids, 50)
    logits = model(torch.tensor([ids]))[0]
    torch.testing.assert_close(torch.tensor(answer["logits"]), logits, atol=1e-3, rtol=0)
    written = sampling.generate(model, torch.tensor([ids]), 50, temperature=0)[0]
    assert answer["written"] == written.tolist()


def test_the_site_publishes_every_checkpoint_as_the_package_ships_it(site: str, page: Page):
    page.goto(site + "book/notation.html")
    for name in checkpoints.names():
        sizes = page.evaluate(
            """async (name) => {
                const file = await fetch(`${window.BOOK_MODELS}${name}.safetensors`);
                await new Promise((done) => {
                    const script = document.createElement("script");
                    script.src = `${window.BOOK_MODELS}${name}.js`;
                    script.onload = done;
                    document.head.append(script);
                });
                const [a, b] = [new Uint8Array(await file.arrayBuffer()), atob(globalThis.bookWeights[name])];
                return [a.length, b.length, a.every((byte, i) => byte === b.charCodeAt(i))];
            }""",
            name,
        )
        n_bytes = (Path(checkpoints.__file__).parent / f"{name}.safetensors").stat().st_size
        assert sizes == [n_bytes, n_bytes, True]


@torch.no_grad()
def test_weights_that_the_state_carries_need_no_file_and_no_python(show: Any, page: Page):
    page.route("**/models/*", lambda route: route.abort())
    model, tokenizer = Decoder(SMALL).eval(), BPETokenizer([])
    for name, parameter in model.named_parameters():
        if "norm" not in name:
            torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(len(name)))
    writer = Writer(model, tokenizer, embed=True, truth=None, prompt="fox", n_written=0, temperature=0.0)
    box = ready(show(writer))
    for _ in range(4):
        box.locator('[data-action="step"]').first.click()
    halved = model.half().float()  # what a checkpoint keeps
    ids = torch.tensor([[tokenizer.eot_id, *tokenizer.encode("fox")]])
    wanted = sampling.generate(halved, ids, 4, temperature=0)[0].tolist()
    expect(box.locator(".wr-token")).to_have_count(4)
    assert box.locator(".wr-token").all_text_contents() == [readable(tokenizer.decode_bytes([i])) for i in wanted]


def test_a_page_without_a_live_model_does_not_fetch_one(show: Any, page: Page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(SamplingExplorer([" a", " b"], [1.0, 0.0]))
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "/models/" in url] == []
