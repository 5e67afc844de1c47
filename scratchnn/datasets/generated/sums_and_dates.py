"""Sums and dates, generated: two problems for sequence to sequence with one right answer to each source.

    52+607                         659
    TUESDAY, SEPTEMBER 25, 1984    1984-09-25

Sums have two numbers of one to three digits. A date from 1970 to 2017 has one of four forms, as in ``9/25/84``,
``Sep 25, 1984``, ``September 25, 1984`` and ``Tuesday, September 25, 1984``, and is left as it is half of the time, else in
lower or in upper case. Both are distributed like the sets of *Deep Learning from Scratch 2*, chapter 7 and 8 (see
``scratchnn.datasets.addition`` and ``dates``), and are not the same.
"""

from __future__ import annotations

import datetime

import numpy as np

from scratchnn.errors import DataError, whole_number

FIRST, LAST = datetime.date(1970, 1, 1), datetime.date(2017, 12, 31)
MONTHS = ("January February March April May June July August September October November December").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MOST_SUMS = 500_500  # pairs of numbers below 1000, their order left aside


def generated_sums(count: int, seed: int) -> list[tuple[str, str]]:
    """Questions and their sums, no two with the same two numbers.

    Args:
        count: number of pairs, at most half of ``MOST_SUMS``.
        seed: seed of all random choices; the same count and seed give the same pairs.

    Raises:
        DataError: ``count`` or ``seed`` is out of range.
    """
    if whole_number(count, "generated_sums: count") > MOST_SUMS // 2:
        raise DataError(f"generated_sums: count must be {MOST_SUMS // 2:,} or less, got {count:,}")
    rng = np.random.default_rng(whole_number(seed, "generated_sums: seed", 0))
    found: dict[tuple[int, int], str] = {}
    while len(found) < count:
        a, b = (int(rng.integers(10 ** int(rng.integers(1, 4)))) for _ in range(2))  # of one to three digits
        found.setdefault((min(a, b), max(a, b)), f"{a}+{b}")
    return [(question, str(a + b)) for (a, b), question in found.items()]


def generated_dates(count: int, seed: int) -> list[tuple[str, str]]:
    """Written dates and their ISO forms; a date may occur more than once.

    Args:
        count: number of pairs, at least 1.
        seed: seed of all random choices; the same count and seed give the same pairs.

    Raises:
        DataError: ``count`` or ``seed`` is out of range.
    """
    whole_number(count, "generated_dates: count")
    rng = np.random.default_rng(whole_number(seed, "generated_dates: seed", 0))
    pairs = []
    for _ in range(count):
        date = FIRST + datetime.timedelta(days=int(rng.integers((LAST - FIRST).days + 1)))
        form, case = int(rng.integers(4)), int(rng.integers(4))
        written = written_date(date, form)
        pairs.append(((written, written, written.lower(), written.upper())[case], date.isoformat()))
    return pairs


def written_date(date: datetime.date, form: int) -> str:
    """A date in one of the four forms, from the shortest (0) to the longest (3)."""
    month = MONTHS[date.month - 1]
    if form == 0:
        return f"{date.month}/{date.day}/{date.year % 100:02}"
    weekday = f"{DAYS[date.weekday()]}, " if form == 3 else ""
    return f"{weekday}{month[:3] if form == 1 else month} {date.day}, {date.year}"
