"""Where data sets are looked for, and downloads: complete and correct, or nothing is kept."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from small_data import PARTS, REVIEWS, archive, files, published, published_at, rows, served

from scratchnn.datasets import imdb, load_imdb, load_nsmc, load_ptb, nsmc
from scratchnn.datasets.folder import Published, data_folder, fetch, find
from scratchnn.errors import DataError

CONTENT = bytes(range(256)) * 3000


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """The server is local, even if the machine is configured to use a proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


# --- where -----------------------------------------------------------------------------------------------------------


def test_the_folder_then_the_variable_then_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path / "variable"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder(tmp_path) == tmp_path
    assert data_folder() == tmp_path / "variable"
    monkeypatch.setenv("SCRATCHNN_DATA", "")
    assert data_folder() == tmp_path / "cache" / "scratchnn"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data_folder() == Path.home() / ".cache" / "scratchnn"


def test_the_sub_folder_comes_before_the_folder_and_the_best_name_first(tmp_path):
    (tmp_path / "ptb").mkdir()
    for name in ("b", "a", "ptb/b", "ptb/a"):
        (tmp_path / name).write_text(name)
        assert find("ptb", ["a", "b"], tmp_path) == tmp_path / name


@pytest.mark.parametrize("load", [load_imdb, load_nsmc, load_ptb])
def test_a_missing_data_set_is_one_line_and_nothing_is_downloaded(monkeypatch, tmp_path, load):
    monkeypatch.setattr("urllib.request.urlopen", None)
    with pytest.raises(DataError, match=f"^no .* in {tmp_path}/{load.__name__[5:]} or {tmp_path}; put it there") as caught:
        load("train", tmp_path)
    name = load.__name__[5:]
    command = f"python -m scratchnn data fetch {name} --data {tmp_path} (in Python: download=True)"
    assert str(caught.value).endswith(command) == (load is not load_ptb)  # its text is licensed
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == []


# --- downloads -------------------------------------------------------------------------------------------------------


def test_a_download_is_complete_and_its_folder_is_created(tmp_path):
    with served(CONTENT) as url:
        fetch(published(url + "file.bin", CONTENT), tmp_path / "new" / "folder" / "file.bin")
    assert (tmp_path / "new" / "folder" / "file.bin").read_bytes() == CONTENT
    assert files(tmp_path) == ["new/folder/file.bin"]


@pytest.mark.parametrize(
    ("how", "change", "message"),
    [
        ({"status": 404}, {}, "cannot download .*file.bin: HTTP Error 404: Not Found; nothing was kept$"),
        ({"status": 500}, {}, "HTTP Error 500"),
        ({"sent": 500_000}, {}, r"(sent only 500,000 of 768,000 bytes|IncompleteRead\(.*\)); nothing was kept"),
        ({"sent": 0}, {}, r"(sent only 0 of 768,000 bytes|IncompleteRead\(.*\)); nothing was kept"),
        ({}, {"sha256": "00ff"}, "is not the file that was published: SHA-256 .*, expected 00ff; nothing was kept$"),
        ({}, {"size": 767_999}, "sent more than the 767,999 bytes"),
        ({}, {"size": 768_001}, "sent only 768,000 of 768,001 bytes"),
    ],
)
def test_a_bad_download_leaves_nothing_and_keeps_an_older_file(tmp_path, how, change, message):
    path = tmp_path / "file.bin"
    with served(CONTENT, **how) as url:
        file = replace(published(url + "file.bin", CONTENT), **change)
        with pytest.raises(DataError, match=message):
            fetch(file, path)
        assert files(tmp_path) == []
        path.write_bytes(b"older")
        with pytest.raises(DataError, match=message) as caught:
            fetch(file, path)
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == ["file.bin"]
    assert path.read_bytes() == b"older"


def test_no_server_is_listening(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # the port is taken, but nothing listens
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file.bin"
        with pytest.raises(
            DataError, match=r"^cannot download http.*: \[Errno \d+\] Connection refused; nothing was kept$"
        ):
            fetch(Published(url, 1, ""), tmp_path / "file.bin")
    assert files(tmp_path) == []


def test_a_site_without_a_certificate(tmp_path):
    """The server does not support TLS at all; there is no fall-back to an unencrypted connection."""
    with served(CONTENT) as url, pytest.raises(DataError, match="SSL"):
        fetch(published(url.replace("http:", "https:") + "file.bin", CONTENT), tmp_path / "file.bin")
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_created(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=f"^cannot create {tmp_path}/file/imdb: "):
        fetch(Published("http://127.0.0.1/x", 1, ""), tmp_path / "file" / "imdb" / "x")


def test_a_download_killed_half_way_leaves_no_file_that_looks_complete_and_can_be_repeated(tmp_path):
    """SIGKILL while the server waits before the second half."""
    reached, done = threading.Event(), threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT[:500_000])
            reached.set()
            done.wait(60)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    path = tmp_path / "file.bin"
    file = published(f"http://127.0.0.1:{server.server_port}/file.bin", CONTENT)
    code = f"""
from pathlib import Path
from scratchnn.datasets.folder import Published, fetch
fetch({file!r}, Path({str(path)!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "no_proxy": "127.0.0.1"})
    assert reached.wait(60)
    while not ((parts := list(tmp_path.glob(".file.bin.*.part"))) and parts[0].stat().st_size):
        assert process.poll() is None
    with pytest.raises(DataError, match=f"another process is downloading to {tmp_path}; wait until it has ended"):
        fetch(file, path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done.set()
    server.shutdown()
    server.server_close()
    (part,) = parts
    assert files(tmp_path) == [part.name]
    assert 0 < part.stat().st_size < len(CONTENT)
    with served(CONTENT) as url:
        fetch(published(url + "file.bin", CONTENT), path)
    assert files(tmp_path) == ["file.bin"]
    assert path.read_bytes() == CONTENT


# --- loaders that download -------------------------------------------------------------------------------------------


def test_imdb_is_downloaded_once(monkeypatch, tmp_path):
    content = archive(REVIEWS)
    monkeypatch.setattr(imdb, "SPLITS", PARTS)
    with served(content) as url:
        monkeypatch.setattr(imdb, "DATASET", published_at(imdb.DATASET, url, content))
        first = load_imdb("train", tmp_path, download=True)
    assert files(tmp_path) == ["imdb/aclImdb_v1.tar.gz"]
    again = load_imdb("train", tmp_path, download=True)  # the server is gone
    assert first[0] == again[0]
    assert len(first[0]) == 4


def test_nsmc_is_downloaded_split_by_split(monkeypatch, tmp_path):
    content = rows(["좋다", "싫다"], [1, 0]).encode("utf-8")
    with served(content) as url:
        monkeypatch.setattr(nsmc, "DATASET", published_at(nsmc.DATASET, url, content))
        texts, labels = load_nsmc("test", tmp_path, download=True)
    assert (texts, labels.tolist()) == (["좋다", "싫다"], [1, 0])
    assert files(tmp_path) == ["nsmc/ratings_test.txt"]


def test_published_files_are_downloaded_over_https_and_checked():
    for file in (imdb.PUBLISHED, *nsmc.PUBLISHED.values()):
        assert file.url.startswith("https://")
        assert len(bytes.fromhex(file.sha256)) == 32
