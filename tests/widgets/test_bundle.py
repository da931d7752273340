"""Every widget reaches its host as one module that needs no other file."""

import re

import pytest

from helpers import widgets
from helpers.widgets import bundle
from tests.widgets.javascript import run_module

ENTRIES = {name: getattr(widgets, name) for name in widgets.__all__}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_joined_module_imports_nothing_and_can_be_run(name: str):
    code = ENTRIES[name]._esm
    assert not re.search(r"^\s*import\b", code, flags=re.MULTILINE)
    program = """
        const code = JSON.parse(process.argv[1]);
        const found = await import("data:text/javascript;base64," + Buffer.from(code).toString("base64"));
        console.log(JSON.stringify([Object.keys(found), typeof found.default.render]));
    """
    assert run_module(program, code) == [["default"], "function"]


def test_a_module_stands_after_those_it_needs_and_only_once():
    order = bundle.in_order("live_model.js")
    assert order[-1] == "live_model.js"
    assert sorted(order) == sorted(set(order))
    for position, name in enumerate(order):
        needed = bundle.IMPORT.findall(bundle.source(name))
        assert set(needed) <= set(order[:position])


def test_a_library_offers_what_its_modules_export_and_can_be_run_alone():
    code = bundle.library("decoder.js", "live_model.js")
    program = """
        const code = JSON.parse(process.argv[1]);
        const found = await import("data:text/javascript;base64," + Buffer.from(code).toString("base64"));
        const files = ["decoder", "live_model", "safetensors"].map((name) => `{static}/${name}.js`);
        const parts = await Promise.all(files.map((file) => import(file)));
        console.log(JSON.stringify(parts.flatMap(Object.keys).filter((name) => !(name in found))));
    """
    assert run_module(program, code) == []
    assert bundle.in_order("decoder.js", "live_model.js", "decoder.js").count("decoder.js") == 1


def test_every_style_begins_with_the_common_one():
    for widget in ENTRIES.values():
        assert widget._css.startswith(bundle.source("widget.css"))
