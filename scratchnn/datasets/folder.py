"""Where data sets are, and how they are downloaded.

A data set is looked for in one folder: the folder that is passed, else the one that the environment variable SCRATCHNN_DATA
names, else the user's cache. Its files may be in that folder itself, or in a sub-folder named after the data set. Nothing
is downloaded unless a caller asks for it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scratchnn.errors import DataError
from scratchnn.files import atomic_file, remove_unfinished
from scratchnn.folder_lock import FolderLock
from scratchnn.terminal import progress_bar

BLOCK = 1 << 18  # bytes read at a time
PUT = "put it there; its source: python -m scratchnn data list"
TIMEOUT = 60  # seconds without a byte after which a download is given up


@dataclass(frozen=True)
class Published:
    """A file on the internet, with the size in bytes and the SHA-256 of the publisher's copy."""

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]


def data_folder(folder: str | Path | None = None) -> Path:
    """The folder to look in: ``folder``, else SCRATCHNN_DATA, else ``scratchnn`` in the user's cache folder."""
    if folder is not None:
        return Path(folder)
    if os.environ.get("SCRATCHNN_DATA"):
        return Path(os.environ["SCRATCHNN_DATA"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scratchnn"


def existing(dataset: str, names: Sequence[str], folder: str | Path | None = None) -> Path | None:
    """The first of ``names`` that exists in the sub-folder ``dataset``, else in the folder itself, else None."""
    place = data_folder(folder)
    candidates = [place / dataset / name for name in names] + [place / name for name in names]
    return next((path for path in candidates if os.path.exists(path)), None)


def find(dataset: str, names: Sequence[str], folder: str | Path | None = None, remedy: str = PUT) -> Path:
    """The same, with an error instead of None.

    Args:
        dataset: name of the data set and of its sub-folder.
        names: file or folder names to look for, the preferred one first.
        folder: see ``data_folder``.
        remedy: the end of the error message.

    Raises:
        DataError: none of them exists.
    """
    path = existing(dataset, names, folder)
    if path is None:
        place = data_folder(folder)
        raise DataError(f"no {' or '.join(names)} in {place / dataset} or {place}; {remedy}")
    return path


def fetch(published: Published, path: Path) -> None:
    """Download a file: whole, with the published size and SHA-256, or not at all. The certificate of the site is checked.

    Raises:
        DataError: the download failed, or what arrived is not the published file. An older file at ``path`` is kept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot create {path.parent}: {error.strerror or error}") from None
    lock = FolderLock(path.parent, f"another process is downloading to {path.parent}; wait until it has ended")
    lock.acquire()
    try:
        if lock.held:
            remove_unfinished(path.parent, f"{path.name}.*")
        _download(published, path)
    finally:
        lock.release()


def _download(published: Published, path: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with (
        atomic_file(path) as file,
        progress_bar(desc=published.name, total=published.size, unit="B", unit_scale=True) as bar,
    ):
        for block in _blocks(published.url):
            file.write(block)
            digest.update(block)
            size += len(block)
            bar.update(len(block))
            if size > published.size:
                break
        if size != published.size:
            got = f"only {size:,} of" if size < published.size else "more than the"
            raise DataError(f"{published.url} sent {got} {published.size:,} bytes; nothing was kept, try again")
        if digest.hexdigest() != published.sha256:
            raise DataError(
                f"{published.url} is not the file that was published: SHA-256 {digest.hexdigest()}, expected "
                f"{published.sha256}; nothing was kept"
            )


def _blocks(url: str) -> Iterator[bytes]:
    """The content of a URL, block by block."""
    import http.client  # imported here because it takes about 20 ms, and few runs need it
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            while block := answer.read(BLOCK):
                yield block
    except (OSError, http.client.HTTPException) as error:
        reason = str(error).removeprefix("<urlopen error ").removesuffix(">")
        raise DataError(f"cannot download {url}: {reason}; nothing was kept") from None
