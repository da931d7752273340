import hashlib
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from helpers.corpora import real
from helpers.corpora.real import TextFile, has_tiny_shakespeare, python_manual, tiny_shakespeare, tiny_stories

TEXT = "A small text.\r\nWith a line end of Windows, and 中文.\n"
NO_ONE_LISTENS = "http://127.0.0.1:1/small.txt"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests are not worth a line."""


@pytest.fixture
def server(tmp_path):
    """The address of a server on this machine that serves small.txt, and a wrong text as wrong.txt."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "small.txt").write_bytes(TEXT.encode())
    (folder / "wrong.txt").write_bytes(b"<html>This page has moved.</html>")
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture(autouse=True)
def no_texts_yet(tmp_path, monkeypatch):
    """An empty cache, no folder named, and no proxy between the test and its own server."""
    monkeypatch.setattr(real, "_cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("HELPERS_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def small(*urls: str) -> TextFile:
    return TextFile("small.txt", hashlib.sha256(TEXT.encode()).hexdigest(), urls)


def test_a_download_is_the_exact_text_and_stays_in_the_cache(server, tmp_path):
    assert real.load_text(small(f"{server}/small.txt")) == TEXT
    assert (tmp_path / "cache" / "small.txt").exists()
    assert real.load_text(small(NO_ONE_LISTENS)) == TEXT


def test_when_the_first_address_is_silent_the_second_is_used(server):
    assert real.load_text(small(NO_ONE_LISTENS, f"{server}/absent.txt", f"{server}/small.txt")) == TEXT


def test_a_text_with_the_wrong_checksum_is_passed_over(server):
    assert real.load_text(small(f"{server}/wrong.txt", f"{server}/small.txt")) == TEXT


def test_a_text_with_the_wrong_checksum_is_refused_and_not_kept(server, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"wrong\.txt \(another text: wrong checksum\)"):
        real.load_text(small(f"{server}/wrong.txt"))
    assert not (tmp_path / "cache" / "small.txt").exists()


def test_without_network_the_error_says_what_to_do(monkeypatch):
    with pytest.raises(FileNotFoundError) as error:
        real.load_text(small(NO_ONE_LISTENS))
    for word in ("small.txt", "HELPERS_DATA", NO_ONE_LISTENS, "no answer", "save it as"):
        assert word in str(error.value)
    monkeypatch.setenv("HELPERS_DATA", "my_folder")
    with pytest.raises(FileNotFoundError, match="the folder 'my_folder' that HELPERS_DATA names"):
        real.load_text(small(NO_ONE_LISTENS))


def test_the_named_folder_comes_before_the_network(tmp_path, monkeypatch):
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path))
    (tmp_path / "small.txt").write_bytes(TEXT.encode())
    assert real.load_text(small(NO_ONE_LISTENS)) == TEXT


def test_a_local_file_with_another_text_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path))
    (tmp_path / "small.txt").write_text("something else")
    with pytest.raises(ValueError, match=r"got another text in .*small\.txt"):
        real.load_text(small(NO_ONE_LISTENS))


def test_asking_for_shakespeare_never_touches_the_network(tmp_path, monkeypatch):
    monkeypatch.setattr(real.pooch, "retrieve", lambda *a, **k: pytest.fail("the network was asked"))
    assert not has_tiny_shakespeare()
    monkeypatch.setattr(real, "TINY_SHAKESPEARE", small(NO_ONE_LISTENS))
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path))
    (tmp_path / "small.txt").write_text("something else")
    assert not has_tiny_shakespeare()
    (tmp_path / "small.txt").write_bytes(TEXT.encode())
    assert has_tiny_shakespeare()
    assert tiny_shakespeare() == TEXT


def test_a_split_of_tiny_stories_that_does_not_exist_is_refused(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"\['train', 'validation'\], got 'test'"):
        tiny_stories("test")
    monkeypatch.setitem(real.TINY_STORIES, "validation", small(NO_ONE_LISTENS))
    monkeypatch.setenv("HELPERS_DATA", str(tmp_path))
    (tmp_path / "small.txt").write_bytes(TEXT.encode())
    assert tiny_stories() == TEXT


@pytest.mark.parametrize("file", [real.TINY_SHAKESPEARE, *real.TINY_STORIES.values()])
def test_every_text_has_a_checksum_and_a_mirror(file):
    assert len(bytes.fromhex(file.sha256)) == 32
    assert len({url.split("/")[2] for url in file.urls}) >= 2


def test_the_manual_is_long_english_and_the_same_every_time():
    manual = python_manual()
    assert manual == python_manual()
    assert len(manual) > 100_000
    assert manual.count(" the ") > 1_000


def test_no_long_paragraph_of_the_manual_comes_twice():
    paragraphs = [" ".join(paragraph.split()) for paragraph in python_manual().split("\n\n")]
    long = [paragraph for paragraph in paragraphs if len(paragraph) >= 80]
    assert len(long) == len(set(long))


def test_the_manual_loses_no_long_paragraph():
    from pydoc_data.topics import topics

    kept = {" ".join(paragraph.split()) for paragraph in python_manual().split("\n\n")}
    for topic in topics.values():
        assert {" ".join(paragraph.split()) for paragraph in topic.strip().split("\n\n")} <= kept


def folder_of_real_text() -> Path | None:
    """Where this checkout may find Tiny Shakespeare: the named folder, or a data folder beside the project."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("HELPERS_DATA", beside))
    return folder if (folder / "tinyshakespeare.txt").exists() else None


FOLDER = folder_of_real_text()


@pytest.mark.skipif(FOLDER is None, reason="no tinyshakespeare.txt in HELPERS_DATA")
def test_tiny_shakespeare_is_the_text_of_the_published_experiments(monkeypatch):
    monkeypatch.setenv("HELPERS_DATA", str(FOLDER))
    text = tiny_shakespeare()
    assert has_tiny_shakespeare()
    assert (len(text), len(set(text))) == (1_115_394, 65)
    assert text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.")
