"""Whole numbers below 1000, in digits and in English words: ``"37"`` and ``"thirty seven"``.

A small translation problem. The two sequences differ in length, and their parts do not correspond one to one: ``forty`` is
one word for two digits, ``nine hundred forty two`` is four words for three. There are 29 different words. Chapter 5 trains
on these numbers.
"""

from __future__ import annotations

import numpy as np

from scratchnn.errors import DataError, whole_number

LIMIT = 1000  # all numbers are below it
SMALL = (
    "zero one two three four five six seven eight nine "
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(number: int) -> str:
    """A whole number from 0 to 999 in words: 942 gives ``"nine hundred forty two"``."""
    if number < 20:
        return SMALL[number]
    if number < 100:
        first, rest = TENS[number // 10 - 2], number % 10
    else:
        first, rest = SMALL[number // 100] + " hundred", number % 100
    return f"{first} {in_words(rest)}" if rest else first


def number_words(count: int, seed: int) -> list[tuple[str, str]]:
    """Pairs of digits and words, all different, in random order.

    Any split of the list into a training and a test part has no number in both.

    Args:
        count: number of pairs, 1 to 1000.
        seed: seed of the random order; the same count and seed give the same pairs.

    Raises:
        DataError: ``count`` or ``seed`` is out of range.
    """
    if whole_number(count, "number_words: count") > LIMIT:
        raise DataError(
            f"number_words: count must be {LIMIT:,} or less, got {count:,}: there are no more different numbers"
        )
    rng = np.random.default_rng(whole_number(seed, "number_words: seed", 0))
    return [(str(number), in_words(number)) for number in rng.permutation(LIMIT)[:count].tolist()]
