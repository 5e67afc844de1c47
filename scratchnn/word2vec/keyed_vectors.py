"""Words and their vectors: nearest words, analogies, the odd one out.

x_v is the vector of word v, and u_v the same vector scaled to unit length. A zero vector stays zero and has cosine 0 with
every vector.

    u_v = x_v / |x_v|                                                                                          (1)
    cosine(v, w) = u_v . u_w                                                                                   (2)
    3CosAdd:  argmax_v  cosine(v, u_b - u_a + u_c)                                                             (3)
    3CosMul:  argmax_v  s(v, b) s(v, c) / (s(v, a) + epsilon),      s = (1 + cosine) / 2                       (4)
    odd one out of W:  argmin_{w in W}  cosine(w, sum_{v in W} u_v)                                            (5)

(3) and (4) answer "a is to b as c is to ?"; the three given words are excluded. In the sum (3), one large cosine can
outweigh the two others; in the product (4), each of the three counts by its ratio. Cosines are mapped to 0 .. 1 so that no
factor of (4) is negative.

Sources: (3) Mikolov, Yih and Zweig, "Linguistic Regularities in Continuous Space Word Representations" (2013); (4) Levy and
Goldberg, "Linguistic Regularities in Sparse and Explicit Word Representations" (2014), equation 4 and footnote 7.
Shapes: V words, D dimensions.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import islice

import numpy as np

from scratchnn.backend import Array, to_numpy
from scratchnn.errors import DataError, ShapeError, whole_number

EPSILON = 0.001  # as in Levy and Goldberg; gensim uses 0.000001
METHODS = ("add", "mul")
SEARCHED = 50_000  # number of most frequent words searched for a similar spelling; more would take seconds
ROWS = 8192  # rows checked at once, to avoid a temporary array as large as the table


class KeyedVectors:
    """Word vectors, looked up by word.

    Args:
        words: V distinct words, most frequent first if frequencies are known.
        vectors: their vectors (V, D), finite; stored as float32. They must not be changed afterwards.

    Attributes:
        words: the words, in the order of the rows.
        ids: the row of each word.
        vectors: the vectors (V, D), float32, read-only.
    """

    def __init__(self, words: Sequence[str], vectors: Array):
        self.words = list(words)
        self.ids = {word: row for row, word in enumerate(self.words)}
        self.vectors = np.asarray(to_numpy(vectors), dtype=np.float32).view()
        self.vectors.flags.writeable = False
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words) or not self.vectors.size:
            raise ShapeError(
                f"vectors of shape {self.vectors.shape} for {len(self.words)} words; "
                "expected (words, dimensions), both at least 1"
            )
        if len(self.ids) != len(self.words):
            twice = next(word for row, word in enumerate(self.words) if self.ids[word] != row)
            raise DataError(f"the words must be distinct; {twice!r} occurs more than once")
        bad = first_non_finite_row(self.vectors)
        if bad is not None:
            raise DataError(f"the vector of {self.words[bad]!r} (row {bad}) contains NaN or infinity")

    def __len__(self) -> int:
        """Number of words."""
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        """Whether ``word`` has a vector, in this spelling or one that is equivalent to it in Unicode."""
        return isinstance(word, str) and self.find(word) is not None

    def __getitem__(self, word: str) -> np.ndarray:
        """The vector (D,) of ``word``."""
        return self.vectors[self.row(word)]

    def find(self, word: str) -> int | None:
        """The row of ``word``; None if it has no vector.

        Unicode can write a word in several ways, and a file has the one of the system that it is from. The word as it is
        comes first, then the first word with the same NFC form.
        """
        row = self.ids.get(word)
        if row is None:
            composed = unicodedata.normalize("NFC", word)
            row = self.ids.get(composed, self._decomposed.get(composed))
        return row

    @cached_property
    def _decomposed(self) -> dict[str, int]:
        """The rows of the words that are not in NFC, by their NFC form."""
        rows: dict[str, int] = {}
        for row, word in enumerate(self.words):
            if not unicodedata.is_normalized("NFC", word):
                rows.setdefault(unicodedata.normalize("NFC", word), row)
        return rows

    def row(self, word: str) -> int:
        """The row of ``word``, see ``find``; for an unknown word, a ``DataError`` that lists the closest spellings."""
        row = self.find(word)
        if row is None:
            close = closest_spellings(word, self.words)
            hint = f"closest spellings: {', '.join(close)}" if close else "no word is spelled similarly"
            raise DataError(f"{word!r} is not among the {len(self):,} words; {hint}")
        return row

    @cached_property
    def unit(self) -> np.ndarray:
        """All vectors scaled to unit length (V, D), computed once: equation (1)."""
        squares = np.einsum("vd,vd->v", self.vectors, self.vectors, dtype=np.float64)  # (V,), cannot overflow
        norms = np.sqrt(squares)
        unit = self.vectors / np.where(norms > 0, norms, 1)[:, None].astype(self.vectors.dtype)
        unit.flags.writeable = False
        return unit

    def similarity(self, a: str, b: str) -> float:
        """Cosine of two words: equation (2)."""
        return float(self.unit[self.row(a)] @ self.unit[self.row(b)])

    def most_similar(self, word_or_vector: str | Array, count: int = 10) -> list[tuple[str, float]]:
        """The ``count`` words with the largest cosine to a word or to a vector (D,), best first, each with its cosine.

        The given word itself is left out. Words with equal cosines are returned in the order of ``words``.
        """
        if isinstance(word_or_vector, str):
            row = self.row(word_or_vector)
            return self._best(self._cosines(self.vectors[row], f"the vector of {word_or_vector!r}"), count, [row])
        vector = to_numpy(word_or_vector)
        if vector.shape != self.vectors.shape[1:]:
            raise ShapeError(f"vector of shape {vector.shape}; expected {self.vectors.shape[1:]}, as the words have")
        return self._best(self._cosines(vector, "the given vector"), count, [])

    def analogy(self, a: str, b: str, c: str, count: int = 10, method: str = "add") -> list[tuple[str, float]]:
        """Answers to "``a`` is to ``b`` as ``c`` is to ?", best first, each with its score.

        Args:
            a, b, c: the given words, which are excluded from the answers.
            count: number of answers.
            method: ``"add"``, equation (3), whose score is a cosine; or ``"mul"``, equation (4).
        """
        rows = [self.row(word) for word in (a, b, c)]
        unit_a, unit_b, unit_c = self.unit[rows]  # (D,) each
        if method == "add":
            scores = self._cosines(unit_b - unit_a + unit_c, f"{b} - {a} + {c}")  # (3)
        elif method == "mul":
            s_a, s_b, s_c = ((1 + self.unit @ u) / 2 for u in (unit_a, unit_b, unit_c))  # (V, D) @ (D,) -> (V,) each
            scores = s_b * s_c / (s_a + EPSILON)  # (4)
        else:
            raise DataError(f"unknown method {method!r}; choose one of {', '.join(METHODS)}")
        return self._best(scores, count, rows)

    def odd_one_out(self, words: Iterable[str]) -> str:
        """The word that fits the others least: equation (5); the first one if several fit equally."""
        given = list(words)
        if len(given) < 3:
            raise DataError(f"odd_one_out needs three words or more, got {len(given)}")
        units = self.unit[[self.row(word) for word in given]]  # (W, D)
        return given[int(np.argmin(units @ units.sum(axis=0)))]  # (5): the length of the sum does not affect the order

    def _cosines(self, vector: np.ndarray, meaning: str) -> np.ndarray:
        """Cosines (V,) of all words with a vector (D,) that is not zero."""
        length = np.linalg.norm(vector.astype(np.float64))
        if not np.isfinite(length) or length == 0:
            raise DataError(f"{meaning} is zero or not finite: it has no direction, so no word is near it")
        return self.unit @ (vector / length).astype(self.unit.dtype)  # (V, D) @ (D,) -> (V,)

    def _best(self, scores: np.ndarray, count: int, excluded: list[int]) -> list[tuple[str, float]]:
        """The ``count`` words with the largest scores (V,), without the excluded rows."""
        whole_number(count, "count")
        allowed = np.ones(len(scores), dtype=bool)
        allowed[excluded] = False
        rows = np.flatnonzero(allowed)
        if count < len(rows):  # without sorting, drop all scores below the count-th largest
            scores_left = scores[rows]
            rows = rows[scores_left >= np.partition(scores_left, -count)[-count]]
        order = np.argsort(-scores[rows], kind="stable")[:count]  # stable: equal scores stay in the order of the words
        return [(self.words[row], float(scores[row])) for row in rows[order]]


def first_non_finite_row(vectors: np.ndarray) -> int | None:
    """The first row of (V, D) that contains NaN or infinity; None if there is none."""
    for start in range(0, len(vectors), ROWS):
        bad = ~np.isfinite(vectors[start : start + ROWS]).all(axis=1)
        if bad.any():
            return start + int(bad.argmax())
    return None


def closest_spellings(word: str, words: Iterable[str], count: int = 5) -> list[str]:
    """Up to ``count`` of the ``words``, spelled like ``word``: first the same in another case, then by similarity."""
    folded = word.casefold()
    known: dict[str, str] = {}
    for candidate in words:
        known.setdefault(candidate.casefold(), candidate)
    near = difflib.get_close_matches(folded, islice(known, SEARCHED), n=count)
    first = [folded] if folded in known else []
    return [known[spelling] for spelling in dict.fromkeys(first + near)][:count]
