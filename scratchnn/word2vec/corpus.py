"""Text files larger than memory: counted in one pass, then read piece by piece, as often as training asks.

Words are what white space separates, as they stand (nobody lowers or cleans them). A line is a sentence, and no window reaches
over its end. A piece holds whole lines, about ``PIECE`` bytes together; a line longer than that is cut at a space. LF, CRLF
and CR end a line, also all of them in one file. So memory holds the vocabulary and one piece, whatever the length of the
text, and piece k of a text is the same one every time.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from scratchnn.errors import DataError, whole_number
from scratchnn.text import Vocabulary

PIECE = 1 << 18  # bytes: some 50,000 words
BOM = b"\xef\xbb\xbf"


class Corpus:
    """A text that is read again and again, as ids.

    Args:
        paths: text files, UTF-8, plain or ``.gz``; read one after the other.
        min_count: words that occur less often are left out, as if they were not there.
        progress: whether to show a progress bar (on a terminal) while counting.

    Attributes:
        vocabulary: the words, most frequent first.
        counts: how often each occurs (V,).
        words: length of the text, with the words left out.
        pieces: number of pieces that it is read in.
        digest: SHA-256 of the text.
    """

    def __init__(self, paths: Sequence[str | Path], min_count: int = 5, progress: bool = False):
        whole_number(min_count, "--min-count")
        self.paths = [Path(path) for path in paths]
        found: Counter[str] = Counter()
        digest = hashlib.sha256()
        self.words = self.pieces = 0
        with tqdm(desc="counting words", unit="word", unit_scale=True, disable=None if progress else True, ncols=100) as bar:
            for text in read_pieces(self.paths):
                tokens = text.split()
                found.update(tokens)
                digest.update(text.encode("utf-8"))
                self.words += len(tokens)
                self.pieces += 1
                bar.update(len(tokens))
        names = ", ".join(map(str, self.paths))
        if not self.words:
            raise DataError(f"no words in {names}")
        kept = sorted((word for word, count in found.items() if count >= min_count), key=lambda w: (-found[w], w))
        if len(kept) < 2:
            most = found.most_common(2)[-1][1]
            advice = "give a longer text" if len(found) < 2 else f"lower --min-count (now {min_count}) to {most}"
            raise DataError(f"a vocabulary of {len(kept)} word(s) in {names}: word vectors need two or more; {advice}")
        self.vocabulary = Vocabulary(kept)
        self.counts = np.array([found[word] for word in kept], dtype=np.int64)
        self.digest = digest.hexdigest()
        self._ids = Ids(self.vocabulary.ids)

    def read(self, first: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """The pieces from number ``first`` on: ids (n,), the number of the sentence each is in (n,), words read (n or more)."""
        for text in read_pieces(self.paths, first):
            tokens: list[str] = []
            ends = []
            for line in text.split("\n"):
                tokens += line.split()
                ends.append(len(tokens))
            ids = np.fromiter(map(self._ids.__getitem__, tokens), dtype=np.int64, count=len(tokens))
            sentences = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
            known = ids >= 0
            yield ids[known], sentences[known], len(tokens)


class Ids(dict):
    """Ids by word; -1 for one that is not there."""

    def __missing__(self, word: str) -> int:
        return -1


def read_pieces(paths: Sequence[Path], first: int = 0) -> Iterator[str]:
    """Pieces of the texts, from number ``first`` on, with LF at the end of each line."""
    number = 0
    for path in paths:
        offset = 0  # of the piece in the unpacked file
        for piece in _byte_pieces(path):
            if number >= first:
                yield _decode(piece, path, offset)
            number += 1
            offset += len(piece)


def _byte_pieces(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked and cut."""
    rest = b""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            while block := file.read(PIECE):
                data = rest + block
                cut = _last_break(data)
                if cut:
                    yield data[:cut]
                rest = data[cut:]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a whole gzip file ({error})") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    if rest:
        yield rest


def _last_break(data: bytes) -> int:
    """Where ``data`` is cut: after its last line end, or else after its last space; 0 where it has neither."""
    line = max(data.rfind(b"\n"), data.rfind(b"\r"))
    return 1 + (line if line >= 0 else max(data.rfind(b" "), data.rfind(b"\t")))


def _decode(piece: bytes, path: Path, offset: int) -> str:
    """Text with LF at the end of each line; one clear line where it is not UTF-8."""
    try:
        text = (piece.removeprefix(BOM) if offset == 0 else piece).decode("utf-8")
    except UnicodeDecodeError as error:
        at = offset + error.start + (len(BOM) if offset == 0 and piece.startswith(BOM) else 0)
        raise DataError(f"{path} is not UTF-8: byte 0x{error.object[error.start]:02x} at offset {at}; convert it first") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
