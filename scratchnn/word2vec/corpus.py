"""Text files larger than memory: split into words once, then read again as numbers, once per epoch.

Words are separated by white space. The text is converted to NFC, as ``tokenize`` does, so that a word has one form whatever
system the file is from; otherwise words are not changed (no lower-casing, no cleaning). A line is a sentence, and no window
extends over its end. LF, CRLF and CR end a line, also mixed in one file, and nothing else does. The text is cut into pieces
of whole lines, about ``PIECE`` bytes each; a line of that length is cut at a space. Piece k of a text is always the same.

The first pass numbers the words in order of first occurrence, counts them, and writes the numbers to a temporary file, four
bytes per word. Afterwards the vocabulary is known, and a table from these numbers to ids. So memory contains the vocabulary
and one piece, independent of the length of the text, and no epoch has to split the text into words again.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError, whole_number
from scratchnn.terminal import progress_bar
from scratchnn.text import Vocabulary
from scratchnn.text.files import not_utf8, one_line_end

PIECE = 1 << 18  # bytes: about 50,000 words
BOM = b"\xef\xbb\xbf"
HEAD = 200  # bytes by which a file of another kind is recognised


class Corpus:
    """A text that can be read any number of times, as ids.

    Args:
        paths: text files, UTF-8, plain or ``.gz``; read one after the other.
        min_count: words that occur less often are left out, as if they were not in the text.
        folder: folder for the temporary file; defaults to the system's temporary folder.
        progress: whether to show a progress bar (on a terminal and in a notebook) while counting.

    Attributes:
        vocabulary: the words, most frequent first, equally frequent ones in alphabetical order.
        counts: how often each occurs (V,).
        words: length of the text, including the words left out.
        pieces: number of pieces.
        digest: SHA-256 of the text, in NFC and with LF at the end of each line.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        min_count: int = 5,
        folder: str | Path | None = None,
        progress: bool = False,
    ):
        whole_number(min_count, "min_count")
        self._numbers = _Numbers(folder)
        digest = hashlib.sha256()
        self.words = self.pieces = 0
        with progress_bar(show=progress, desc="counting words", unit="word", unit_scale=True) as bar:
            for text in read_pieces([Path(path) for path in paths]):
                count = self._numbers.add(text)
                digest.update(text.encode("utf-8"))
                self.words += count
                self.pieces += 1
                bar.update(count)
        self.digest = digest.hexdigest()
        names = ", ".join(map(str, paths))
        if not self.words:
            raise DataError(f"no words in {names}")
        words, counts = self._numbers.counted()
        found = dict(zip(words, counts.tolist(), strict=True))
        kept = sorted((word for word in words if found[word] >= min_count), key=lambda word: (-found[word], word))
        if len(kept) < 2:
            most = sorted(counts.tolist())[-2:][0]
            advice = "use a longer text" if len(words) < 2 else f"lower the minimum count, {min_count}, to {most} or less"
            raise DataError(f"a vocabulary of {len(kept)} word(s) in {names}: word vectors need two or more; {advice}")
        self.vocabulary = Vocabulary(kept)
        self.counts = np.array([found[word] for word in kept], dtype=np.int64)
        ids = self.vocabulary.ids
        self._ids = np.array([ids.get(word, -1) for word in words], dtype=np.int64)  # by the numbers of the first pass

    def has_pairs(self) -> bool:
        """Whether any line has two words of the vocabulary; reads the text up to the first such line."""
        return any((sentences[1:] == sentences[:-1]).any() for _, sentences, _ in self.read())

    def read(self, first: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """The pieces from number ``first`` on: ids (n,), the sentence number of each (n,), words read (n or more)."""
        for numbers, lengths in self._numbers.read(first):
            ids = self._ids[numbers]
            sentences = np.repeat(np.arange(len(lengths)), lengths)
            known = ids >= 0
            yield ids[known], sentences[known], len(ids)


class _Numbers(dict):
    """Words numbered in order of first occurrence, and the text as these numbers in a temporary file.

    A piece in the file is an ``int32`` array: the number of words M, the number of lines S, M numbers, S lengths of lines.
    """

    def __init__(self, folder: str | Path | None):
        super().__init__()
        self.counts = np.zeros(0, dtype=np.int64)
        try:
            self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (open as long as the corpus exists)
        except OSError as error:
            raise DataError(f"cannot write to {folder or tempfile.gettempdir()}: {error.strerror or error}") from None

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number

    def add(self, text: str) -> int:
        """Append one piece of text, with LF at the end of each line; returns its number of words."""
        words: list[str] = []
        lengths = []
        for line in text.split("\n"):
            in_line = line.split()
            words += in_line
            lengths.append(len(in_line))
        numbers = np.fromiter(map(self.__getitem__, words), dtype=np.int32, count=len(words))
        counts = np.bincount(numbers, minlength=len(self))
        counts[: len(self.counts)] += self.counts
        self.counts = counts
        head = np.array([len(words), len(lengths)], dtype=np.int32)
        try:
            self.file.write(head.tobytes() + numbers.tobytes() + np.array(lengths, dtype=np.int32).tobytes())
            self.file.flush()
        except OSError as error:
            raise DataError(f"cannot write the text as numbers: {error.strerror or error}") from None
        return len(words)

    def counted(self) -> tuple[list[str], np.ndarray]:
        """All words in the order of their numbers, and how often each occurs. The numbers are discarded."""
        words = list(self)
        self.clear()
        return words, self.counts

    def read(self, first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The pieces from number ``first`` on: numbers of words (M,), lengths of lines (S,)."""
        self.file.seek(0)
        while head := self.file.read(8):
            words, lines = np.frombuffer(head, dtype=np.int32).tolist()
            if first > 0:
                first -= 1
                self.file.seek(4 * (words + lines), os.SEEK_CUR)
                continue
            piece = np.frombuffer(self.file.read(4 * (words + lines)), dtype=np.int32)
            yield piece[:words], piece[words:]


def read_pieces(paths: Sequence[Path]) -> Iterator[str]:
    """The texts in pieces, in NFC, with LF at the end of each line."""
    for path in paths:
        offset = 0  # of the piece in the unpacked file
        for piece in _byte_pieces(path):
            yield unicodedata.normalize("NFC", _decode(piece, path, offset))
            offset += len(piece)


def _byte_pieces(path: Path) -> Iterator[bytes]:
    """The bytes of the file, unpacked and cut into pieces."""
    word: list[bytes] = []  # parts of one word longer than a piece; joined once, so that the time is linear in its length
    rest = b""
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            while block := file.read(PIECE):
                data = rest + block
                cut = _last_break(data, long=bool(word) or len(data) >= PIECE)
                if cut:
                    yield b"".join([*word, data[:cut]])
                    word.clear()
                rest = data[cut:]
                if len(rest) >= PIECE:  # without a space
                    word.append(rest)
                    rest = b""
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a complete gzip file ({error})") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if word or rest:
        yield b"".join([*word, rest])


def _last_break(data: bytes, long: bool) -> int:
    """Where to cut ``data``: after its last line end; in a line as long as a piece, after its last space; 0 if nowhere."""
    line = max(data.rfind(b"\n"), data.rfind(b"\r"))
    if line < 0 and long:
        return 1 + max(data.rfind(b" "), data.rfind(b"\t"))
    return 1 + line


def _decode(piece: bytes, path: Path, offset: int) -> str:
    """Text with LF at the end of each line; ``DataError`` if it is not UTF-8."""
    try:
        text = (piece.removeprefix(BOM) if offset == 0 else piece).decode("utf-8")
    except UnicodeDecodeError as error:
        at = offset + error.start + (len(BOM) if offset == 0 and piece.startswith(BOM) else 0)
        raise not_utf8(path, error.object[error.start], at, piece[:HEAD] if offset == 0 else b"") from None
    return one_line_end(text)
