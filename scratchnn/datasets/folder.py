"""Where data sets lie, and how they get there.

A data set is looked for in one place: the folder that is given, else the one that the environment variable SCRATCHNN_DATA
names, else the user's cache. Its files may lie in that folder itself, or in the sub-folder that bears the data set's name.
Nothing is fetched unless a caller asks for it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from scratchnn.errors import DataError
from scratchnn.files import atomic_file

BLOCK = 1 << 18  # bytes read at a time
PATIENCE = 60  # seconds without a byte before a download is given up


@dataclass(frozen=True)
class Published:
    """A file on the net, with what its publisher's copy is known to be: size in bytes and SHA-256."""

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rpartition("/")[2]


def data_folder(folder: str | Path | None = None) -> Path:
    """The place to look in: ``folder``, else SCRATCHNN_DATA, else ``scratchnn`` in the user's cache folder."""
    if folder is not None:
        return Path(folder)
    if os.environ.get("SCRATCHNN_DATA"):
        return Path(os.environ["SCRATCHNN_DATA"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scratchnn"


def find(
    dataset: str,
    names: Sequence[str],
    folder: str | Path | None = None,
    published: Published | None = None,
    download: bool = False,
) -> Path:
    """The first of ``names`` that is there, in the sub-folder ``dataset`` or beside it; fetched where that is asked for.

    Args:
        dataset: name of the data set and of its sub-folder.
        names: file or folder names that will do, the best first.
        folder: see ``data_folder``.
        published: what to fetch where none is there.
        download: whether to fetch it.

    Raises:
        DataError: nothing there, or the download failed.
    """
    place = data_folder(folder)
    for candidate in [place / dataset / name for name in names] + [place / name for name in names]:
        if os.path.exists(candidate):
            return candidate
    if published is None or not download:
        fetched = "" if published is None else ", or have it fetched (download=True, --download)"
        raise DataError(f"no {' or '.join(names)} in {place / dataset} or {place}; put it there{fetched}")
    path = place / dataset / published.name
    fetch(published, path)
    return path


def fetch(published: Published, path: Path) -> None:
    """Download a file: whole, of the published size and SHA-256, or not at all. Sites must prove who they are (TLS)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot create {path.parent}: {error.strerror or error}") from None
    digest, size = hashlib.sha256(), 0
    with (
        atomic_file(path) as file,
        tqdm(
            desc=published.name, total=published.size, unit="B", unit_scale=True, disable=None, ncols=100, nrows=20
        ) as bar,  # disable=None: shown on a terminal only
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
    """The bytes behind a URL, piece by piece."""
    import http.client  # here: importing them takes some 20 ms, and few runs need them
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            while block := answer.read(BLOCK):
                yield block
    except (OSError, http.client.HTTPException) as error:
        reason = str(error).removeprefix("<urlopen error ").removesuffix(">")
        raise DataError(f"cannot download {url}: {reason}; nothing was kept") from None
