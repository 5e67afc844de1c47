"""Small data sets in their published layouts, and a local web server that sends them, completely or not."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from scratchnn.datasets.folder import Published
from scratchnn.datasets.registry import DataSet

REVIEWS = {  # not in order; ids 2 and 10 distinguish the order of numbers from that of names
    "aclImdb/train/neg/0_1.txt": "Bad.<br /><br />It's BAD",
    "aclImdb/train/pos/10_7.txt": "good, ten",
    "aclImdb/train/pos/2_10.txt": "caf\u00e9 \u0085 two",
    "aclImdb/train/neg/1_4.txt": "so so",
    "aclImdb/test/pos/0_8.txt": "test, good",
    "aclImdb/test/neg/0_2.txt": "test, bad",
    "aclImdb/train/unsup/1_0.txt": "second",
    "aclImdb/train/unsup/0_0.txt": "",
}
PARTS = {
    "train": {"train/pos": 2, "train/neg": 2},
    "test": {"test/pos": 1, "test/neg": 1},
    "unsup": {"train/unsup": 2},
}
OTHERS = {"aclImdb/README": "about", "aclImdb/train/labeledBow.feat": "9 0:1", "aclImdb/train/pos/notes.txt": "no review"}


def archive(members: dict[str, str], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A .tar.gz of text files, with the entry of a folder among them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=form) as tar:
        folder = tarfile.TarInfo("aclImdb/train")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, text in members.items():
            content = text.encode("utf-8")
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def rows(texts: list[str], labels: list[int]) -> str:
    """Documents in the layout of the Naver corpus."""
    lines = [f"{100 + n}\t{text}\t{label}\n" for n, (text, label) in enumerate(zip(texts, labels, strict=True))]
    return "id\tdocument\tlabel\n" + "".join(lines)


IMDB = archive(REVIEWS)  # made once, as gzip stores the time
NSMC = rows(["좋다", "", "싫다"], [1, 0, 0]).encode("utf-8")
BEIJING = "No,year,month,day,hour,TEMP,cbwd\n1,2010,1,1,0,-11,NW\n2,2010,1,1,1,-12,NW\n3,2010,1,1,2,-11,cv\n"
MELBOURNE = '"Date","Temp"\n"1981-01-01",20.7\n"1981-01-02",17.9\n'
PTB = " no it was <unk> \n mr. N \n"


def write(path: Path, content: bytes | str) -> Path:
    """A file, in folders that are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def unpack(members: dict[str, str], folder: Path) -> Path:
    """All members as files."""
    for name, text in members.items():
        write(folder / name, text)
    return folder


def files(folder: Path) -> list[str]:
    """The names of all files in a folder and its sub-folders."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def published(url: str, content: bytes) -> Published:
    """The description of a file with this content."""
    return Published(url, len(content), hashlib.sha256(content).hexdigest())


def published_at(dataset: DataSet, url: str, content: bytes) -> DataSet:
    """The data set, with files of this content that are published in the folder ``url``."""
    files = {part: replace(file, published=published(url + file.names[0], content)) for part, file in dataset.files.items()}
    return replace(dataset, files=files)


@contextmanager
def served(content: bytes, sent: int | None = None, status: int = 200) -> Iterator[str]:
    """URL of a folder in which each file has this content; only its first ``sent`` bytes are sent."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:sent])

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
