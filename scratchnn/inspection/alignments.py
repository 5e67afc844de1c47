"""Figures of models that turn a sequence into another: what attention reads, and how several models learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scratchnn.errors import DataError
from scratchnn.inspection.texts import shown
from scratchnn.plot import COLOURS, drawable, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE_BY_SIDE = 2  # maps in a row
CELL = 0.28  # inches per token
MOST_TOKENS = 120  # per side; a larger figure could not be read, and would take minutes and much memory


class AlignmentMap(NamedTuple):
    """Weights (T, S) of S source tokens when each of T target tokens is predicted."""

    weights: np.ndarray
    source: Sequence[str]
    target: Sequence[str]


def plot_alignments(maps: Sequence[AlignmentMap]) -> Figure:
    """What attention reads: one map for each pair, a row for each target token; dark is a weight of 1.

    Raises:
        DataError: a side has more than ``MOST_TOKENS`` tokens.
    """
    longest = max(len(side) for one in maps for side in (one.source, one.target))
    if longest > MOST_TOKENS:
        raise DataError(
            f"a figure of attention shows at most {MOST_TOKENS} tokens per side, got {longest:,}; "
            "give a shorter line, or a smaller --limit"
        )
    columns = min(len(maps), SIDE_BY_SIDE)
    rows = -(-len(maps) // columns)
    width = max(CELL * max(len(one.source) for one in maps) + 1.6, 3.2)
    height = max(CELL * max(len(one.target) for one in maps) + 1.6, 2.6)
    figure, axes = new_figure(columns * width, rows * height, nrows=rows, ncols=columns, squeeze=False)
    tokens = dict.fromkeys(token for one in maps for token in (*one.source, *one.target))
    texts, families = drawable([visible(token) for token in tokens])
    names = dict(zip(tokens, texts, strict=True))
    for axis, one in zip(axes.flat, maps, strict=False):
        weights = one.weights if one.weights.size else np.zeros((len(one.target), 1))  # of an empty source
        axis.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        source, target = ([names[token] for token in side] for side in (one.source, one.target))
        rotation = 90 if max(map(len, source), default=0) > 1 else 0
        axis.set_xticks(np.arange(len(source)), source, rotation=rotation, fontfamily=families)
        axis.set_yticks(np.arange(len(target)), target, fontfamily=families)
        axis.xaxis.tick_top()
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    return figure


def visible(token: str) -> str:
    """A token as a label; a space as an underscore, but not the space before a piece of a word."""
    return shown(token.removeprefix(" ") if token.strip() else token.replace(" ", "_"))


def plot_by_epoch(runs: Mapping[str, Sequence[float]], title: str, figure_name: str) -> Figure:
    """One figure of several runs by epoch: for instance the exact match of the validation part.

    Args:
        runs: the values of each run, the first epoch first, by the name of the run.
        title: of the plot.
        figure_name: what the values are.
    """
    figure, axes = new_figure()
    from matplotlib.ticker import MaxNLocator  # after the first figure

    for (name, values), colour in zip(runs.items(), COLOURS, strict=False):
        best = max(values, default=0.0)
        axes.plot(
            np.arange(1, len(values) + 1), values, marker="o", markersize=3, color=colour, label=f"{name} ({best:.4f})"
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label(axes, title, "epoch", figure_name)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure
