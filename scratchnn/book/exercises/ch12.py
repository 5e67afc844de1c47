"""Chapter 12, translation and dialogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

# --- 12.1 ------------------------------------------------------------------------------------------------------------


@exercise(
    "12.1",
    "the next piece",
    "next_piece(words, counts)",
    hints=(
        "Count strings, not pairs: a Counter with a + b as the key, for all neighbours a, b within one word.",
        "A word that occurs 7 times adds 7 to each of its strings. For ties: min over the strings with the key "
        "(-count, string).",
    ),
)
def check_next_piece(answer: Answer) -> Iterator[str]:
    """One round of byte-pair encoding. words is a list of words, each a list of
    its present pieces, and counts says how often each word occurs in the text.
    Return the string that becomes the next piece: the one that adjacent pieces
    of a word form most often, of equally frequent ones the first in
    alphabetical order; "" if no word has two pieces.

        next_piece([["l", "o", "w"], ["l", "ow", "er"]], [5, 2])
            gives "lo" (5 times; "low" is formed 2 times, "ow" 5 times)
    """

    def formed(words: list, counts: list, across: bool = False) -> Counter[str]:
        found: Counter[str] = Counter()
        for parts, count in zip([[part for word in words for part in word]] if across else words, counts, strict=False):
            for a, b in pairwise(parts):
                found[a + b] += count
        return found

    def first(found: Counter[str], sign: int = -1) -> str:
        return min(found, key=lambda string: (sign * found[string], string), default="")

    def right(words: list, counts: list) -> str:
        return first(formed(words, counts))

    def once(words: list, counts: list) -> str:
        return first(formed(words, [1] * len(words)))

    def late(words: list, counts: list) -> str:
        found = formed(words, counts)
        return max(found, key=lambda string: (found[string], string), default="")

    def single(words: list, counts: list) -> str:
        found: Counter[str] = Counter()
        for parts, count in zip(words, counts, strict=True):
            for part in parts:
                found[part] += count
        return first(found)

    def rarest(words: list, counts: list) -> str:
        return first(formed(words, counts), sign=1)

    def joined(words: list, counts: list) -> str:
        return first(formed([[part for word, n in zip(words, counts, strict=True) for part in list(word) * n]], [1]))

    mistakes = {
        "Each word counts once in your result: a string counts as often as its word occurs.": once,
        "Of equally frequent strings take the first in alphabetical order, not the last.": late,
        "This is the most frequent piece. Count what two neighbours form together.": single,
        "This is the rarest string.": rarest,
        "You join the last piece of a word with the first of the next one: pieces never cross the end of a word.": joined,
    }
    trials: list[tuple] = [
        ([["l", "o", "w"], ["l", "ow", "er"]], [5, 2]),
        ([["b", "c"], ["a", "b"], ["a", "d", "a"]], [4, 4, 1]),
        ([["x", "y"], ["x", "z"], ["z", "x"]], [1, 9, 2]),
        ([["p", "q"], ["p", "q"], ["q", "r"]], [1, 1, 3]),
        ([["e"], ["a"], ["e"], ["a"], ["s", "t"]], [1, 1, 1, 1, 1]),
        ([["a"], ["b"]], [3, 3]),
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 12.2 ------------------------------------------------------------------------------------------------------------


@exercise(
    "12.2",
    "cut a word",
    "cut(word, ranks)",
    hints=(
        "Begin with list(word). In a loop, look at all strings that neighbours form, and join where the string was learned "
        "first.",
        "Only one join per round, at the leftmost place of that string; then look again, because the neighbours have "
        "changed. Stop if no string is in ranks.",
    ),
)
def check_cut(answer: Answer) -> Iterator[str]:
    """Cut a word into the pieces of ranks, a dict from each piece to its place
    in the order of learning (0 was learned first). Begin with the characters.
    As long as two neighbours form a piece, join those that form the piece
    learned first, the leftmost of several. Characters that are not in ranks
    stay single. Return the list of pieces.

        cut("lower", {"er": 0, "lo": 1, "low": 2})     gives ["low", "er"]
    """

    def join(parts: list[str], k: int) -> list[str]:
        return [*parts[:k], parts[k] + parts[k + 1], *parts[k + 2 :]]

    def run(word: str, ranks: dict, choose: str = "first") -> list[str]:
        parts = list(word)
        while True:
            found = [(ranks[a + b], k) for k, (a, b) in enumerate(pairwise(parts)) if a + b in ranks]
            if not found:
                return parts
            k = {"first": min(found)[1], "left": min(k for _, k in found), "last": max(found)[1]}[choose]
            parts = join(parts, k)

    def right(word: str, ranks: dict) -> list[str]:
        return run(word, ranks)

    def leftmost(word: str, ranks: dict) -> list[str]:
        return run(word, ranks, "left")

    def latest(word: str, ranks: dict) -> list[str]:
        return run(word, ranks, "last")

    def longest(word: str, ranks: dict) -> list[str]:
        parts, start = [], 0
        while start < len(word):
            ends = [end for end in range(start + 1, len(word) + 1) if end == start + 1 or word[start:end] in ranks]
            parts.append(word[start : max(ends)])
            start = max(ends)
        return parts

    def one_round(word: str, ranks: dict) -> list[str]:
        parts = list(word)
        found = [(ranks[a + b], k) for k, (a, b) in enumerate(pairwise(parts)) if a + b in ranks]
        return join(parts, min(found)[1]) if found else parts

    mistakes = {
        "You take the longest piece from the left. Byte-pair encoding joins neighbours in the order of learning, and that "
        "can give other pieces.": longest,
        "You join from left to right. The piece that was learned first is joined first, wherever it is.": leftmost,
        "You join the piece that was learned last.": latest,
        "You join once and stop. Go on until no two neighbours form a piece.": one_round,
    }
    trials = [
        ("lower", {"er": 0, "lo": 1, "low": 2}),
        ("aab", {"ab": 0, "aa": 1}),
        ("abc", {"ab": 0, "bc": 1}),
        ("abcd", {"bc": 0, "bcd": 1, "abcd": 2, "ab": 3}),
        ("aaaa", {"aa": 0}),
        ("banana", {"an": 0, "na": 1, "ban": 2, "ana": 3}),
        ("xyz", {"q": 0}),
        ("", {"a": 0}),
    ]
    yield from compare(answer, right, mistakes, trials)


# --- 12.3 ------------------------------------------------------------------------------------------------------------


@exercise(
    "12.3",
    "clipped n-grams",
    "clipped(answers, references, n)",
    hints=(
        "A Counter of the n-grams of an answer, and one of its reference. An n-gram as a key has to be a tuple.",
        "(counts & reference_counts) takes the smaller count of each n-gram. Add up over all sentences before anything is "
        "divided.",
    ),
)
def check_clipped(answer: Answer) -> Iterator[str]:
    """The two numbers of a precision of BLEU. answers and references are lists
    of sentences, each a list of words. Return both, how many n-grams of the
    answers are also in the reference of the same sentence, and said, how many
    n-grams the answers have: two whole numbers, summed over all sentences. An
    n-gram that the answer has more often than its reference counts only as
    often as in the reference.

        clipped([["the", "the", "the"]], [["the", "cat"]], 1)    gives 1, 3
    """

    def grams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
        return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))

    def total(answers: list, references: list, n: int, both) -> tuple[int, int]:  # type: ignore[no-untyped-def]
        counted = [(grams(a, n), grams(r, n)) for a, r in zip(answers, references, strict=True)]
        return sum(both(a, r) for a, r in counted), sum(a.total() for a, _ in counted)

    def right(answers: list, references: list, n: int) -> tuple[int, int]:
        return total(answers, references, n, lambda a, r: (a & r).total())

    def unclipped(answers: list, references: list, n: int) -> tuple[int, int]:
        return total(answers, references, n, lambda a, r: sum(count for gram, count in a.items() if gram in r))

    def kinds(answers: list, references: list, n: int) -> tuple[int, int]:
        counted = [(grams(a, n), grams(r, n)) for a, r in zip(answers, references, strict=True)]
        return sum(len(set(a) & set(r)) for a, r in counted), sum(len(a) for a, _ in counted)

    def recall(answers: list, references: list, n: int) -> tuple[int, int]:
        both, _ = right(answers, references, n)
        return both, sum(grams(r, n).total() for r in references)

    def pooled(answers: list, references: list, n: int) -> tuple[int, int]:
        said = sum((grams(a, n) for a in answers), Counter())
        wanted = sum((grams(r, n) for r in references), Counter())
        return (said & wanted).total(), said.total()

    mistakes = {
        "The counts are not clipped: an n-gram counts at most as often as it is in the reference.": unclipped,
        "You count different n-grams. One that is right twice counts twice.": kinds,
        "said counts the n-grams of the references, which would be a recall. A precision divides by those of the "
        "answers.": recall,
        "You pool all sentences first. An n-gram has to be in the reference of its own sentence.": pooled,
    }
    trials: list[tuple] = [
        ([["the", "the", "the"]], [["the", "cat"]], 1),
        ([["a", "b", "a", "b", "c"], ["c"]], [["a", "b", "a", "b", "d", "e", "f"], ["a", "b", "c"]], 2),
        ([["x", "y"], ["y", "x"], []], [["y", "y", "y"], ["x", "x", "x"], ["x"]], 1),
        ([["a"]], [["a", "b"]], 4),
    ]
    yield from compare(answer, right, mistakes, trials, ("both", "said"))
