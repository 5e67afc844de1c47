"""The figure of all gradient checks: the largest error of each array, family by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scratchnn.gradcheck.engine import LIMITS, METHODS
from scratchnn.gradcheck.report import Findings, family_of
from scratchnn.plot import COLOURS, drawable, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN_ZERO, DRAWN_INFINITY = 1e-17, 1e1  # errors beyond these are drawn here; a logarithmic axis has no zero


def plot_findings(findings: Findings) -> Figure:
    """One row per family, with a dot for the largest relative error of each array by each method."""
    families = list(dict.fromkeys(family_of(case) for case, _ in findings))
    figure, axes = new_figure(9.0, 2.0 + 0.21 * len(families))
    methods = [method for method in METHODS if any(finding.method == method for _, finding in findings)]
    for k, method in enumerate(methods):
        points = [(families.index(family_of(case)), f) for case, f in findings if f.method == method]
        rows = [row + (k - (len(methods) - 1) / 2) * 0.3 for row, _ in points]  # methods one below the other
        errors = [drawn(finding.error) for _, finding in points]
        axes.scatter(errors, rows, s=14, color=COLOURS[k], alpha=0.6, linewidths=0, label=method, zorder=3)
        limit = LIMITS[method]
        axes.axvline(limit, color=COLOURS[k], linestyle="--", linewidth=1.2, label=f"limit, {method}: {limit:.0e}")
    failed = [(families.index(family_of(case)), drawn(finding.error)) for case, finding in findings if not finding.ok]
    if failed:
        rows, errors = [row for row, _ in failed], [error for _, error in failed]
        axes.scatter(errors, rows, s=60, marker="x", color="black", linewidths=1.2, label="fails", zorder=4)
    axes.set_xscale("log")
    axes.set_xlim(DRAWN_ZERO / 4, max(DRAWN_INFINITY if failed else 0, 1e-5))
    shown, fonts = drawable(families)  # the reader's own class may have any name
    axes.set_yticks(range(len(shown)), shown, fontsize=8, fontfamily=fonts)
    axes.set_ylim(len(families) - 0.4, -0.6)
    note = f"an error of exactly 0 is drawn at {DRAWN_ZERO:.0e}"
    if any(finding.error > DRAWN_INFINITY for _, finding in findings):
        note += f", an error above {DRAWN_INFINITY:.0f} at {DRAWN_INFINITY:.0f}"
    title = "Gradient checks: the largest relative error of every array"
    label(axes, title, f"largest relative error of an array (log scale; {note})", "family of cases")
    figure.legend(loc="outside lower center", ncols=5, fontsize=8)
    return figure


def drawn(error: float) -> float:
    """The position of an error on the axis."""
    return min(max(error, DRAWN_ZERO), DRAWN_INFINITY) if error == error else DRAWN_INFINITY
