"""Carry the alt text of a notebook's image outputs into the page, and warn where there is none.

`helpers.viz.show(figure, alt="...")` stores the text with the output. MyST-NB reads it from the metadata of the
cell alone, so this plugin hands it over. The book is built with warnings as errors: no alt text, no book.
"""

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer, load_mime_renders
from sphinx.application import Sphinx


class AltText:
    """A MyST-NB renderer of images that reads `output.metadata[mime type]["alt"]`."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        """The image with its alt text; None for anything but an image."""
        if not data.mime_type.startswith("image/"):
            return None
        images = renderer.render_image_inline(data) if inline else renderer.render_image(data)
        stored = data.output_metadata.get(data.mime_type, {})
        for image in images:
            image["alt"] = (stored.get("alt") or image.get("alt") or "").strip()
            if not image["alt"]:
                renderer.logger.warning(
                    f"the image in output {data.output_index} of cell {data.cell_index} has no alt text: "
                    'display it with helpers.viz.show(figure, alt="...")',
                    subtype="alt_text",
                    line=data.line,
                )
        return images


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the plugin; the public way, an entry point, would need a package of its own."""
    plugins = load_mime_renders()  # one list per process: the same one at every call
    if AltText not in plugins:
        plugins.append(AltText)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
