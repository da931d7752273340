"""Put the shipped checkpoints beside the pages, in /models, for the models that write there.

A page opened from the disk may not fetch a file, but it may run one: so each checkpoint lies there as a script too.
"""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

CHECKPOINTS = Path(__file__).resolve().parents[2] / "src" / "helpers" / "checkpoints"


def copy_models(app: Sphinx, error: Exception | None) -> None:
    """Each checkpoint as it is, and as a script that sets `bookWeights[name]`."""
    if error or app.builder.format != "html":
        return
    from helpers.widgets.page import weights_script  # loads PyTorch, which only a book of HTML needs

    folder = Path(app.outdir) / "models"
    folder.mkdir(exist_ok=True)
    for path in sorted(CHECKPOINTS.glob("*.safetensors")):
        shutil.copy(path, folder / path.name)
        (folder / f"{path.stem}.js").write_text(weights_script(path.stem, path.read_bytes()), encoding="ascii")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("build-finished", copy_models)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
