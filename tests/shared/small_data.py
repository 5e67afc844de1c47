"""Small data sets in their published layouts, and a web server on this machine that hands them out well or badly."""

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from scratchnn.datasets.folder import Published

REVIEWS = {  # not in order; ids 2 and 10 tell an order by number from one by name
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
    """A .tar.gz of text files, with a folder's own entry among them."""
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
    """The Naver corpus's layout."""
    lines = [f"{100 + n}\t{text}\t{label}\n" for n, (text, label) in enumerate(zip(texts, labels, strict=True))]
    return "id\tdocument\tlabel\n" + "".join(lines)


def published(url: str, content: bytes) -> Published:
    """What a loader would know of a file with this content."""
    return Published(url, len(content), hashlib.sha256(content).hexdigest())


@contextmanager
def served(content: bytes, sent: int | None = None, status: int = 200) -> Iterator[str]:
    """URL of a folder in which each file has this content; only the first ``sent`` bytes of it arrive."""

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
