"""The model in the page (JavaScript in Chromium) beside PyTorch on the same weights: milliseconds a token, in turns."""

import base64
from pathlib import Path

import torch
from playwright.sync_api import Page, sync_playwright
from side_by_side import median_seconds

from helpers import checkpoints
from helpers.sampling import generate
from helpers.widgets.bundle import library
from tools.browser import find_browser

N_NEW = 200
BEGIN = "This is the story of Leo, a kind little fox."

# Puts a checkpoint into the page; `write(n)` then goes on greedily after the prompt.
LOAD = """async ([code, weights, ids]) => {
    const { assemble, cut, newCache, read, readSafetensors } = await import(URL.createObjectURL(
        new Blob([code], { type: "text/javascript" })));
    const { tensors, metadata } = readSafetensors(Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0)));
    const model = assemble(tensors, JSON.parse(metadata.config));
    const cache = newCache(model);
    window.write = (n) => {
        cut(cache, 0);
        let logits;
        for (const id of ids) logits = read(model, id, cache);
        const written = [];
        for (let i = 0; i < n; i++) {
            written.push(logits.indexOf(logits.reduce((a, b) => Math.max(a, b))));
            logits = read(model, written.at(-1), cache);
        }
        return written;
    };
}"""


def load(page: Page, name: str, ids: list[int]) -> None:
    """The checkpoint in the page."""
    weights = base64.b64encode((Path(checkpoints.__file__).parent / f"{name}.safetensors").read_bytes()).decode()
    page.evaluate(LOAD, [library("decoder.js", "safetensors.js"), weights, ids])


def compare(page: Page, name: str) -> None:
    """One line of the table."""
    model, tokenizer = checkpoints.load(name)
    ids = [tokenizer.eot_id, *tokenizer.encode(BEGIN)]
    load(page, name, ids)

    def in_page() -> list[int]:
        return page.evaluate("n => window.write(n)", N_NEW)

    def in_python() -> list[int]:
        return generate(model, torch.tensor([ids]), N_NEW, temperature=0)[0].tolist()

    assert in_page() == in_python(), "both must write the same"
    seconds = median_seconds({"page": in_page, "PyTorch": in_python})
    ms = {side: 1000 * s / (N_NEW + len(ids)) for side, s in seconds.items()}
    print(f"{name:12} {ms['page']:8.2f} {ms['PyTorch']:10.2f} {ms['PyTorch'] / ms['page']:14.1f}")


def main() -> None:
    torch.set_num_threads(1)  # as many as the page has
    print(f"milliseconds a token, one thread, {N_NEW} new tokens")
    print(f"{'':12} {'page':>8} {'PyTorch':>10} {'times as fast':>14}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        for name in checkpoints.names():
            compare(page, name)
        browser.close()


if __name__ == "__main__":
    main()
