"""Format results as text, at most ``WIDTH`` columns wide.

The share of the peak counts only the matrix products, with two operations per multiply-add. With N sequences, T steps, D
inputs, H units, G gates (1 for an RNN, 3 for a GRU, 4 for an LSTM) and V words, the forward pass of a layer has

    N T (D + H) G H       multiply-adds: input products and recurrent products                                     (1)

Its backward pass has twice as many, because each product C = A B leads to two, dA = dC B^T and dB = A^T dC:

    3 N T (D + H) G H     multiply-adds, forward and backward                                                      (2)

For two directions or two layers, the numbers of both are added. With lengths, N T is replaced by the sum of the lengths.
The output layer of a language model adds 3 N T H V. Everything else in a step adds to the time but not to the operations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from benchmarks.contest import Result, geometric_mean

WIDTH = 100
WIDTHS = (36, 11, 11, 8, 14, 8, 5)  # label, ours, theirs, ratio, spread, GFLOP/s, share of the peak


def number(value: float) -> str:
    """Three significant digits or more, three decimals below 1, no exponent; a dash for NaN."""
    if math.isnan(value):
        return "-"
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"


def times(ratio: float) -> str:
    """A ratio with two decimals; from 100 on, without decimals."""
    return fixed(ratio, ".2f" if ratio < 100 else ",.0f")


def fixed(value: float, form: str) -> str:
    """The value in the given format; a dash for NaN."""
    return "-" if math.isnan(value) else format(value, form)


def columns_of(widths: Sequence[int], label: str, *values: str) -> str:
    """One line: a label, cut if it is too long, and right-aligned values."""
    first, *others = widths
    line = f"{label[:first]:{first}}" + "".join(f" {value:>{width}}" for value, width in zip(values, others, strict=True))
    return line.rstrip()


def speed_table(results: Sequence[Result], peak: float) -> Iterator[str]:
    """The lines of all sections, each with a heading and, if it has several ratios, their geometric mean."""
    for section in dict.fromkeys(result.row.section for result in results):
        part = [result for result in results if result.row.section == section]
        yield ""
        yield columns_of(WIDTHS, f"{section} ({part[0].row.unit})", "ours", "theirs", "ratio", "spread", "GFLOP/s", "peak")
        for result in part:
            low, high = result.spread
            yield columns_of(
                WIDTHS,
                f"  {result.row.label:<19}{result.algorithm}",
                number(result.median("ours")),
                number(result.median("theirs")),
                times(result.ratio),
                "-" if math.isnan(low) else f"{times(low)} .. {times(high)}",
                fixed(result.gflops, ",.0f"),
                fixed(result.gflops / peak, ".0%"),
            )
        with_ratio = [result for result in part if result.theirs]
        if len(with_ratio) > 1:
            yield columns_of(WIDTHS, "  geometric mean", "", "", times(geometric_mean(with_ratio)), "", "", "")
