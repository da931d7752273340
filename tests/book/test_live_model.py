"""The published weights, fetched and run in Chromium, are the model that PyTorch runs."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page

from helpers import checkpoints, sampling
from helpers.widgets import SamplingExplorer
from helpers.widgets.bundle import module, source

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
    code = module("decoder.js") + re.sub(r"^export ", "", source("safetensors.js"), flags=re.MULTILINE)
    code += "\nexport { assemble, newCache, read, readSafetensors };"
    return page.evaluate(PROGRAM, [code, name, ids, n])


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


def test_a_page_without_a_live_model_does_not_fetch_one(show: Any, page: Page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(SamplingExplorer([" a", " b"], [1.0, 0.0]))
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "/models/" in url] == []
