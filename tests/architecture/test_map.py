import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def named_files():
    """Folder and files of each row of the README's table "where is"."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("| where is |")[1].split("\n\n")[0]
    for row in table.splitlines()[2:]:
        words = re.findall(r"`([\w/]+(?:\.py|/))`", row.split("|")[2])
        folder = words[0] if words and words[0].endswith("/") else ""
        yield row, [folder * (not w.startswith(folder)) + w for w in words]


def test_the_map_names_files_that_exist():
    rows = list(named_files())
    assert len(rows) >= 8
    for row, files in rows:
        if "What equals what" in row:
            continue
        assert files, row
        for file in files:
            assert (ROOT / "src/helpers" / file).exists(), f"{file} in {row}"
