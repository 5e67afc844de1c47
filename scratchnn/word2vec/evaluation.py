"""Evaluation of word vectors: agreement with human judgements of similarity, and analogies.

Similarity (WordSim-353, SimLex-999): Spearman's rank correlation of the cosines with the judgements. It is the correlation
of the two lists of ranks r and q, in which equal values share the mean of their ranks.

    rho = sum_k (r_k - mean r)(q_k - mean q) / sqrt(sum_k (r_k - mean r)^2  sum_k (q_k - mean q)^2)            (1)

Analogies (Google's questions-words.txt): the question "a b c d" is answered correctly if d is the word other than a, b and
c that is nearest to u_b - u_a + u_c (3CosAdd). A block of questions is answered by one matrix product.

    answer = argmax_v  u_v . (u_b - u_a + u_c)                                                                 (2)

Three rules are those of gensim and of the original compute-accuracy program, so that scores can be compared. Only the
first ``restrict`` (most frequent) words are used. Case and Unicode form are ignored: a word in a file means the first of
these words with the same letters. A pair or question with a word that is not among them is left out, and the coverage is
reported.

Sources: Spearman, "The Proof and Measurement of Association between Two Things" (1904); Finkelstein et al., "Placing Search
in Context" (2002), WordSim-353; Hill et al., "SimLex-999" (2015); Mikolov et al., "Efficient Estimation of Word
Representations in Vector Space" (2013), analogies.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError, whole_number
from scratchnn.text.files import read_text
from scratchnn.word2vec.keyed_vectors import KeyedVectors

RESTRICT = 300_000  # gensim's default
SCORES = 1 << 24  # cosines computed at once: 64 MB of float32
SYNTACTIC = "gram"  # prefix of the names of syntactic sections


@dataclass(frozen=True)
class SimilarityResult:
    """Spearman's ``rho`` over ``covered`` of ``total`` pairs; NaN if fewer than two are covered or all scores are equal."""

    name: str
    rho: float
    covered: int
    total: int


@dataclass(frozen=True)
class AnalogyResult:
    """``correct`` answers to ``covered`` of the ``total`` questions of a section."""

    name: str
    correct: int
    covered: int
    total: int

    @property
    def accuracy(self) -> float:
        """Share of correct answers among the covered questions; NaN if there are none."""
        return self.correct / self.covered if self.covered else math.nan


def evaluate_similarity(vectors: KeyedVectors, path: str | Path, restrict: int = RESTRICT) -> SimilarityResult:
    """Agreement of the cosines with the judgements in a file of lines ``word word score``."""
    pairs = read_pairs(path)
    rows, _ = fold_case(vectors.words[: whole_number(restrict, "restrict")])
    folded = [(fold(a), fold(b), score) for a, b, score in pairs]
    known = [(rows[a], rows[b], score) for a, b, score in folded if {a, b} <= rows.keys()]
    a, b, scores = np.array(known).reshape(-1, 3).T  # (P,) each
    units_a, units_b = (vectors.unit[row.astype(np.intp)] for row in (a, b))  # (P, D) each
    return SimilarityResult(Path(path).name, spearman((units_a * units_b).sum(axis=1), scores), len(known), len(pairs))


def evaluate_analogies(vectors: KeyedVectors, path: str | Path, restrict: int = RESTRICT) -> list[AnalogyResult]:
    """The result for each section of a file of questions, in the file's order; see ``totals``."""
    sections = read_questions(path)
    rows, first = fold_case(vectors.words[: whole_number(restrict, "restrict")])
    found = {
        name: [[rows[word] for word in question] for question in questions if rows.keys() >= set(question)]
        for name, questions in sections.items()
    }
    asked = np.array([question for questions in found.values() for question in questions], dtype=np.intp).reshape(-1, 4)
    block = max(1, SCORES // len(first))
    parts = [answer(vectors.unit, asked[k : k + block, :3], first) for k in range(0, len(asked), block)]
    correct = np.concatenate([np.zeros(0, dtype=np.intp), *parts]) == asked[:, 3]  # (Q,)
    ends = np.cumsum([len(questions) for questions in found.values()])
    return [
        AnalogyResult(name, int(right.sum()), len(right), len(sections[name]))
        for name, right in zip(found, np.split(correct, ends[:-1]), strict=True)
    ]


def answer(unit: np.ndarray, asked: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Equation (2) for Q questions in one product.

    Args:
        unit: vectors of unit length (V, D); the first W are used.
        asked: rows of a, b and c (Q, 3).
        first: for each of the W words, the row of the first word with the same letters, ignoring case (W,).

    Returns:
        The row of each answer, mapped by ``first`` (Q,).
    """
    a, b, c = unit[asked.T]  # (Q, D) each
    scores = (b - a + c) @ unit[: len(first)].T  # (Q, D) @ (D, W) -> (Q, W)
    np.put_along_axis(scores, asked, -np.inf, axis=1)
    others = np.flatnonzero(first != np.arange(len(first)))  # (E,) later spellings of a word
    given = (first[others][None, :, None] == asked[:, None, :]).any(axis=2)  # (Q, E) of a word in the question
    scores[:, others] = np.where(given, -np.inf, scores[:, others])
    return first[scores.argmax(axis=1)]


def add_up(name: str, results: Iterable[AnalogyResult]) -> AnalogyResult:
    """The sum of several sections."""
    parts = list(results)
    return AnalogyResult(name, *(sum(getattr(part, field) for part in parts) for field in ("correct", "covered", "total")))


def totals(results: Iterable[AnalogyResult]) -> list[AnalogyResult]:
    """The sums: semantic, syntactic and total. Sections whose names begin with ``gram`` are syntactic."""
    sections = list(results)
    syntactic = [part for part in sections if part.name.startswith(SYNTACTIC)]
    semantic = [part for part in sections if not part.name.startswith(SYNTACTIC)]
    return [add_up("semantic", semantic), add_up("syntactic", syntactic), add_up("total", sections)]


def fold(word: str) -> str:
    """A word as words are compared: in upper case and NFC."""
    return unicodedata.normalize("NFC", word.upper())


def fold_case(words: list[str]) -> tuple[dict[str, int], np.ndarray]:
    """The first row of each folded spelling; and for each row, the first row with the same folded spelling (W,)."""
    rows: dict[str, int] = {}
    first = np.array([rows.setdefault(fold(word), row) for row, word in enumerate(words)])
    return rows, first


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Equation (1) for two lists of values (P,); NaN if P < 2 or all values of a list are equal."""
    if len(x) < 2:
        return math.nan
    r, q = ranks(x), ranks(y)
    r, q = r - r.mean(), q - q.mean()
    spread = math.sqrt((r @ r) * (q @ q))
    return float(r @ q) / spread if spread else math.nan  # (1)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks (P,), starting at 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def read_pairs(path: str | Path) -> list[tuple[str, str, float]]:
    """Lines ``word word score``, separated by tabs, else by two commas or more (WordSim-353's ``.csv``), else by spaces.

    Empty lines, lines that begin with ``#``, and a first line with the names of the columns are skipped. SimLex-999 in its
    published form has more than three columns; the score is in the column ``SimLex999``.
    """
    pairs: list[tuple[str, str, float]] = []
    column = 2
    for number, parts in table_rows(path, comment="#", commas=2):
        if number == 1 and "SimLex999" in parts:
            column = parts.index("SimLex999")
            continue
        if len(parts) <= column:
            raise DataError(f"{path}, line {number}: expected two words and a score, got {' '.join(parts)!r}")
        try:
            score = float(parts[column])
        except ValueError:
            if number == 1:
                continue  # the names of the columns
            raise DataError(f"{path}, line {number}: the score {parts[column]!r} is not a number") from None
        if not math.isfinite(score):
            raise DataError(f"{path}, line {number}: the score {parts[column]!r} is not finite")
        pairs.append((parts[0], parts[1], score))
    if not pairs:
        raise DataError(f"{path} contains no pairs of words with a score")
    return pairs


def read_questions(path: str | Path) -> dict[str, list[list[str]]]:
    """Sections ``: name`` of lines ``a b c d``, folded; empty lines and lines that begin with ``//`` are skipped."""
    sections: dict[str, list[list[str]]] = {}
    section = None
    for number, parts in table_rows(path, comment="//", commas=3):
        if parts[0].startswith(":"):
            section = sections.setdefault(" ".join(parts)[1:].strip(), [])
        elif section is None:
            raise DataError(f"{path}, line {number}: a question before the first section (a line ': name')")
        elif len(parts) != 4:
            raise DataError(f"{path}, line {number}: expected four words, got {' '.join(parts)!r}")
        else:
            section.append([fold(word) for word in parts])
    if not any(sections.values()):
        raise DataError(f"{path} contains no analogy questions")
    return sections


def table_rows(path: str | Path, comment: str, commas: int) -> Iterator[tuple[int, list[str]]]:
    """The number and the fields of each line that is neither empty nor a comment.

    Fields are separated by tabs, else by commas if there are ``commas`` of them or more, else by white space.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip() and not line.startswith(comment):
            separator = "\t" if "\t" in line else "," if line.count(",") >= commas else None
            yield number, [field.strip() for field in line.split(separator)]
