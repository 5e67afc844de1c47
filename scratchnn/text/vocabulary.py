"""Vocabulary: which token has which id.

Ids are positions in a list of distinct tokens: special tokens first, then the others by falling frequency, equal ones in
alphabetical order. So the same text gives the same ids on every machine, and an id never changes once the list is saved.

By default the special tokens are ``<pad>``, id 0, which fills short sequences; ``<unk>``, which stands for every token that
is not in the list; ``<bos>`` and ``<eos>``, which open and close a sequence; ``<eos>`` closes a line as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError, whole_number
from scratchnn.files import write_atomically

PADDING, UNKNOWN, BEGIN, END = SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")
FORMAT = "scratchnn vocabulary 1"


class Vocabulary:
    """Tokens and their ids.

    Args:
        tokens: distinct tokens; the position is the id.

    Attributes:
        tokens: the tokens (V,).
        ids: the id of each.
        padding, unknown, begin, end: ids of the special tokens, None for one that is not in the list.
    """

    def __init__(self, tokens: Sequence[str]):
        self.tokens = list(tokens)
        self.ids = {token: k for k, token in enumerate(self.tokens)}
        if len(self.ids) != len(self.tokens):
            raise DataError("a vocabulary's tokens must be distinct")
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
            specials: tokens that come first whether or not they occur.
            max_size: largest number of tokens, special ones included.
            min_count: tokens that occur less often are left out.
        """
        if max_size is not None:
            whole_number(max_size, "Vocabulary: max_size", len(specials) + 1)
        counts = Counter(tokens)
        if not counts:
            raise DataError("cannot build a vocabulary from a text without tokens")
        for token in specials:
            counts.pop(token, None)
        kept = sorted(token for token, count in counts.items() if count >= min_count)
        kept.sort(key=counts.__getitem__, reverse=True)  # stable: tokens as frequent stay in alphabetical order
        return cls([*specials, *kept][:max_size])

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        """Whether ``token`` has an id of its own."""
        return token in self.ids

    def encode(self, tokens: Iterable[str]) -> np.ndarray:
        """Ids (M,) of M tokens, int32; unknown ones get the id of ``<unk>``, or are an error where there is none."""
        if self.unknown is not None:
            return np.fromiter(map(self.ids.get, tokens, repeat(self.unknown)), dtype=np.int32)
        try:
            return np.fromiter(map(self.ids.__getitem__, tokens), dtype=np.int32)
        except KeyError as error:
            raise DataError(f"token {error.args[0]!r} is not in the vocabulary, which has no {UNKNOWN}") from None

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens of the given ids."""
        return [self.tokens[k] for k in ids]

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        document = json.dumps({"format": FORMAT, "tokens": self.tokens}, ensure_ascii=False, indent=0)
        write_atomically(path, document.encode("utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read what ``save`` wrote."""
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise DataError(f"cannot read vocabulary {path}: {error.strerror or error}") from None
        except ValueError as error:
            raise DataError(f"{path} is not a vocabulary file: {error}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise DataError(f"{path} is not a vocabulary file of this version ({FORMAT!r})")
        tokens = document.get("tokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise DataError(f"{path} is damaged: its tokens are not a list of strings")
        if len(set(tokens)) != len(tokens):
            raise DataError(f"{path} is damaged: a token stands in it twice")
        return cls(tokens)
