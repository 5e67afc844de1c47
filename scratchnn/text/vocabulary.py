"""Vocabulary: tokens and their ids.

Ids are positions in a list of distinct tokens: special tokens first, then the others by decreasing frequency, equally
frequent ones in alphabetical order. So the same text gives the same ids on every machine, and a saved list keeps its ids.

By default, the special tokens are ``<pad>``, id 0, which fills short sequences; ``<unk>``, which replaces every token that
is not in the list; ``<bos>`` and ``<eos>``, which begin and end a sequence. ``<eos>`` also ends a line.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path

import numpy as np

from scratchnn.backend import check_ids
from scratchnn.errors import DataError, ShapeError, whole_number
from scratchnn.files import write_atomically

PADDING, UNKNOWN, BEGIN, END = SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
FORMAT = "scratchnn vocabulary 1"
DIGEST = 16  # hexadecimal digits, 64 bits: enough to tell vocabularies apart, short enough to print
SHOWN = 20  # characters of a token that ``repr`` shows


def _shortened(token: str) -> str:
    return token if len(token) <= SHOWN else token[: SHOWN - 1] + "…"


class Vocabulary:
    """Tokens and their ids.

    Args:
        tokens: distinct tokens; the position of a token is its id.

    Attributes:
        tokens: the tokens (V,).
        ids: the id of each token.
        padding, unknown, begin, end: ids of the special tokens, None for a token that is not in the list.
    """

    def __init__(self, tokens: Sequence[str]):
        self.tokens = list(tokens)
        self.ids = {token: k for k, token in enumerate(self.tokens)}
        if len(self.ids) != len(self.tokens):
            raise DataError("the tokens of a vocabulary must be distinct")
        self.padding, self.unknown, self.begin, self.end = map(self.ids.get, SPECIALS)

    @classmethod
    def build(
        cls,
        tokens: Iterable[str],
        specials: Sequence[str] = SPECIALS,
        max_size: int | None = None,
        min_count: int = 1,
    ) -> Vocabulary:
        """Count ``tokens`` and keep the most frequent.

        Args:
            tokens: the text.
            specials: tokens that come first, whether they occur in the text or not.
            max_size: largest number of tokens, including the special ones; unlimited if None.
            min_count: tokens that occur less often are left out.

        Raises:
            DataError: the text has no tokens, or ``max_size`` is too small.
        """
        if max_size is not None:
            whole_number(max_size, "Vocabulary: max_size", len(specials) + 1)
        counts = Counter(tokens)
        if not counts:
            raise DataError("cannot build a vocabulary from a text without tokens")
        for token in specials:
            counts.pop(token, None)
        kept = sorted(token for token, count in counts.items() if count >= min_count)
        kept.sort(key=counts.__getitem__, reverse=True)  # stable: equally frequent tokens stay in alphabetical order
        return cls([*specials, *kept][:max_size])

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        """Whether ``token`` has an id of its own."""
        return token in self.ids

    def encode(self, tokens: Iterable[str]) -> np.ndarray:
        """Ids (M,) of M tokens, int32; unknown tokens get the id of ``<unk>``, or raise ``DataError`` if there is none."""
        if self.unknown is not None:
            return np.fromiter(map(self.ids.get, tokens, repeat(self.unknown)), dtype=np.int32)
        try:
            return np.fromiter(map(self.ids.__getitem__, tokens), dtype=np.int32)
        except KeyError as error:
            raise DataError(f"token {error.args[0]!r} is not in the vocabulary, which has no {UNKNOWN}") from None

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens of ids (M,) in host memory.

        Raises:
            ShapeError: the ids are no integers (M,).
            DataError: an id is out of range; a negative one would count from the end.
        """
        found = ids if isinstance(ids, np.ndarray) else np.array(list(ids))
        if found.ndim != 1:
            raise ShapeError(f"Vocabulary.decode: ids must have shape (M,), got {found.shape}")
        if not found.size:
            return []
        check_ids(found, len(self), "Vocabulary.decode")
        return [self.tokens[k] for k in found.tolist()]

    def __repr__(self) -> str:
        """The size and a few tokens, for instance ``Vocabulary of 1,024 tokens: <pad>, <unk>, ..., 'zebra'``."""
        few = self.tokens if len(self) <= 3 else [*self.tokens[:2], self.tokens[-1]]
        names = [token if token in SPECIALS else repr(_shortened(token)) for token in few]
        if len(few) < len(self):
            names.insert(2, "...")
        return f"Vocabulary of {len(self):,} token{'s' * (len(self) != 1)}: {', '.join(names)}"

    def digest(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the file that ``save`` writes.

        Two vocabularies have the same digest if they give the same ids to the same tokens. It is the same on every
        platform, so that a run folder can check that a vocabulary belongs to its model.
        """
        return hashlib.sha256(self._document()).hexdigest()[:DIGEST]

    def _document(self) -> bytes:
        """Format and tokens as JSON, in UTF-8."""
        return json.dumps({"format": FORMAT, "tokens": self.tokens}, ensure_ascii=False, indent=0).encode(
            "utf-8",
            "backslashreplace",  # a lone surrogate, which UTF-8 lacks, becomes its escape, which JSON reads back
        )

    def save(self, path: str | Path) -> None:
        """Write the format and the tokens as a JSON file."""
        write_atomically(path, self._document())

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read a file that ``save`` wrote; ``DataError`` if it is missing or damaged."""
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise DataError(f"cannot read vocabulary {path}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path} is not a vocabulary file: {error}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise DataError(f"{path} is not a vocabulary file of this version ({FORMAT!r})")
        tokens = document.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise DataError(f"{path} is damaged: its tokens are not a list of strings")
        if len(set(tokens)) != len(tokens):
            raise DataError(f"{path} is damaged: a token occurs in it twice")
        return cls(tokens)
