"""Draw ratios as bars with their spread; a line marks 1, where both contestants are equally fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.contest import Result
from scratchnn.plot import COLOURS, label, new_figure, save_figure


def plot_ratios(results: Sequence[Result], path: str | Path, title: str) -> None:
    """Draw one bar per result that has an opponent, from top to bottom, and write the figure as PNG."""
    shown = [result for result in results if result.theirs]
    names = [f"{result.row.section}: {result.row.label}" for result in shown]
    ratios = [result.ratio for result in shown]
    below = [result.ratio - result.spread[0] for result in shown]
    above = [result.spread[1] - result.ratio for result in shown]
    figure, axes = new_figure(8, 1.6 + 0.28 * len(shown))
    colours = [COLOURS[0] if ratio >= 1 else COLOURS[1] for ratio in ratios]
    axes.barh(names, ratios, xerr=[below, above], color=colours, ecolor="0.3", capsize=2)
    axes.axvline(1, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    label(axes, title, "how many times as fast as the opponent (line: equal)", "")
    save_figure(figure, path)
