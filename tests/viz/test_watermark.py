import pytest

from helpers.viz.watermark import GREEN, NEITHER, RED, colours_html, show_colours

ALT = "Three tokens, the second green, the third red."


def test_each_token_stands_on_its_colour_and_the_legend_counts():
    markup = colours_html(["A", " fox", " <b>"], [None, True, False], ALT)
    text = markup[: markup.index("<figcaption")]
    assert [text.count(color) for color in (NEITHER, GREEN, RED)] == [1, 1, 1]
    assert " &lt;b&gt;" in text
    assert "1 of 2 counted tokens are green" in markup


def test_red_is_told_from_green_without_colour():
    text = colours_html(["a", "b"], [True, False], ALT).split("<figcaption")[0]
    assert text.count("underline dotted") == 1


def test_a_text_and_its_colours_are_equally_long_and_have_a_description():
    with pytest.raises(ValueError, match="the text"):
        colours_html(["a"], [True, False], ALT)
    with pytest.raises(ValueError, match="alt must say"):
        show_colours(["a"], [True], "short")
