"""No text, however it looks, ends or prolongs the script element that holds it."""

import json
import re

import pytest

from helpers.viz.script_data import escaped

TEXTS = ["</script>", "</SCRIPT >", "<!--", "<script>", "<Script src=x>", "<!-- <script> </script", "\\<!--"]


@pytest.mark.parametrize("text", TEXTS)
def test_the_data_mean_the_same_and_hold_none_of_the_three_words(text: str):
    data = escaped(json.dumps([text]))
    assert json.loads(data) == [text]
    assert not re.search(r"<(!--|/?script)", data, re.IGNORECASE)


def test_what_does_no_harm_stays_as_it_is():
    code = 'for (let i = 0; i < n; i++) box.innerHTML = "<b>" + i + "</b>";'
    assert escaped(code) == code
