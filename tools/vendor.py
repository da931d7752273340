"""Copy the front-end files that the pages carry along from node_modules into _vendor/site/vendor.

Sphinx copies _vendor/site to the root of the site, so a page finds them at /vendor/. Nothing is loaded from a CDN.
They stay out of book/_static because they are loaded only where a page needs them.
"""

import re
import shutil
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "_vendor" / "site" / "vendor"

# The icons that the theme's buttons show; the theme's own script for them weighs half a megabyte compressed.
SOLID = """
    angle-down angle-left angle-right arrow-up bars bell check-circle chevron-down chevron-right circle-half-stroke
    code download exclamation-circle exclamation-triangle expand external-link file file-pdf home info-circle
    lightbulb list magnifying-glass moon outdent pencil pencil-alt play rocket share sun times-circle xmark
"""
ICONS = {"solid": SOLID.split(), "brands": ["github"]}
FONTS = {
    "solid": ("fa-solid-900.ttf", "Font Awesome 6 Free", 900),
    "brands": ("fa-brands-400.ttf", "Font Awesome 6 Brands", 400),
}


# MathJax in parts: without its context menu and speech engine it weighs 165 KB compressed instead of 265.
# Hidden MathML for screen readers (assistive-mml) stays. _config.yml names the same parts.
MATHJAX = (
    "startup.js",
    "core.js",
    "input/tex.js",
    "output/chtml.js",
    "output/chtml/fonts/tex.js",
    "a11y/assistive-mml.js",
)
MATHJAX_FOLDERS = ("input/tex/extensions", "output/chtml/fonts/woff-v2")


def copy_mathjax() -> None:
    """MathJax's parts, the TeX extensions that it loads by itself, and the fonts of its HTML output."""
    source, target = MODULES / "mathjax/es5", VENDOR / "mathjax"
    for name in MATHJAX:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, target / name)
    for name in MATHJAX_FOLDERS:
        shutil.copytree(source / name, target / name)


def copy_plotly() -> None:
    """The part of plotly.js that draws on Cartesian axes, a third of the whole; a window global beside any loader."""
    source = (MODULES / "plotly.js-cartesian-dist-min/plotly-cartesian.min.js").read_text(encoding="utf-8")
    wrapped = f"(function(){{var define,module,exports;{source}\n}}).call(window);\n"
    (VENDOR / "plotly.js").write_text(wrapped, encoding="utf-8")


def icon_codes(names: list[str], css: str) -> list[int]:
    """The code points of icons, read from the theme's style sheet."""
    codes = []
    for name in names:
        found = re.search(rf'\.fa-{name}:before[^{{}}]*\{{content:"\\([0-9a-f]+)"\}}', css)
        if not found:
            raise ValueError(f"every icon must stand in the theme's style sheet, found no .fa-{name}")
        codes.append(int(found[1], 16))
    return codes


def subset_font(source: Path, codes: list[int], target: Path) -> None:
    """A font with these characters alone, as WOFF."""
    options = subset.Options(flavor="woff", layout_features=[])
    font: TTFont = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def make_icons() -> None:
    """The theme's icon fonts cut to the icons in use, and a style sheet that puts them first.

    Any other icon still comes from the whole font, because each face names its range.
    """
    import pydata_sphinx_theme

    static = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
    css = (static / "styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    target = VENDOR / "icons"
    target.mkdir(parents=True)
    rules = []
    for style, (file_name, family, weight) in FONTS.items():
        codes = icon_codes(ICONS[style], css)
        subset_font(static / "vendor/fontawesome/webfonts" / file_name, codes, target / f"{style}.woff")
        ranges = ",".join(f"U+{code:X}" for code in sorted(set(codes)))
        rules.append(
            f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:normal;font-display:block;'
            f'src:url({style}.woff) format("woff");unicode-range:{ranges}}}'
        )
    (target / "icons.css").write_text("\n".join(rules) + "\n", encoding="utf-8")


def main() -> None:
    """Make the folder anew and say what it holds."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for step in (copy_mathjax, copy_plotly, make_icons):
        step()
    size = sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file())
    print(f"front-end files: {size / 1e6:.1f} MB in {VENDOR.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
