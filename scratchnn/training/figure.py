"""The figure of a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.training.history import FIRST, LAST, VALIDATION, History

if TYPE_CHECKING:
    from matplotlib.figure import Figure

IN_A_ROW = 3  # panels


def plot_history(history: History, title: str, best_epoch: int = 0) -> Figure:
    """Every figure of a history in a panel of its own, by training step: of the training and of the validation part.

    Args:
        history: what training recorded.
        title: what was trained.
        best_epoch: the epoch whose validation figures are named in the legend; none if 0.
    """
    columns = [name for name in history.columns() if name not in FIRST + LAST and history.column(name)[0]]
    names = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in columns)) or ["loss"]
    columns_shown = min(len(names), IN_A_ROW)
    rows = -(-len(names) // columns_shown)
    figure, axes = new_figure(max(7, 5 * columns_shown), 4.2 * rows, nrows=rows, ncols=columns_shown, squeeze=False)
    for axis in axes.flat[len(names) :]:
        axis.remove()
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter  # after the first figure

    for axis, name in zip(axes.flat, names, strict=False):
        shown: list[float] = []
        for part, column, colour in (("training", name, COLOURS[0]), ("validation", VALIDATION + name, COLOURS[1])):
            steps, values = history.column(column)
            if not steps:
                continue
            best = [row[column] for row in history.rows if row["epoch"] == best_epoch and row.get(column) is not None]
            note = f" ({best[0]:,.4g} in the best epoch)" if part == "validation" and best else ""
            marker = "o" if part == "validation" or len(steps) == 1 else None
            axis.plot(steps, values, color=colour, marker=marker, markersize=4, label=part + note)
            shown += values
        label(axis, f"{title}: {name}", "training step", name)
        if shown and min(shown) > 0 and max(shown) > 10 * min(shown):
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.yaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
        axis.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=(1, 2, 5, 10)))
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axis.set_xlim(left=0)
        if shown:
            axis.legend()
    return figure
