"""The figures and tables of chapter 15, Where the time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnn.book.figures.boxes import arrow, box, drawing
from scratchnn.book.figures.strips import bracket, strip
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALE = ("#cfe3f1", "#f6d5bf", "#c8e6dc", "#efd7e6", "#f8e3b0")  # one per sequence or block


def answer(preview: Mapping[int, Mapping[str, float]]) -> Figure:
    """Milliseconds of programs by the number of units, and as multiples of the last one, the limit.

    Args:
        preview: for each number of units the milliseconds of two programs and the limit.
    """
    figure, (left, right) = new_figure(10, 3.9, ncols=2)
    sizes, (*programs, last) = list(preview), next(iter(preview.values()))
    limit = np.array([row[last] for row in preview.values()])
    for name, colour in zip(programs, COLOURS[1::-1], strict=True):
        ms = np.array([row[name] for row in preview.values()])
        left.plot(sizes, ms, "o-", color=colour, label=name)
        right.plot(sizes, ms / limit, "o-", color=colour, label=name)
    left.plot(sizes, limit, "k--", label=last)
    right.axhline(1, color="black", linestyle="--", label="the limit")
    for axes, text in ((left, "milliseconds"), (right, "times the limit")):
        axes.set(xscale="log", yscale="log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
        label(axes, "", "units H", text)
    left.set_title("Time")
    right.set_title("Time over the time of its products")
    return figure


def fees(adds: Mapping[int, float], products: Mapping[int, float], rate: float) -> Figure:
    """Microseconds of one addition of n numbers, and of one product (n, n), with what the operations alone would take."""
    figure, (left, right) = new_figure(10, 3.6, ncols=2)
    left.plot(list(adds), list(adds.values()), "o-", color=COLOURS[0])
    right.plot(list(products), list(products.values()), "o-", color=COLOURS[1], label="measured")
    n = np.array(list(products))
    right.plot(n[1:], 2e6 * n[1:] ** 3 / rate, ":", color="black", label="the fare alone")
    right.legend(fontsize=8)
    for axes, times in ((left, adds), (right, products)):
        axes.set(xscale="log", yscale="log")
        first = next(iter(times.values()))
        axes.axhspan(first / 100, first, color="#eeeeee", zorder=0)
        axes.set_ylim(first / 4, 1.6 * max(times.values()))
        axes.text(0.97, 0.05, "the fee", transform=axes.transAxes, ha="right", fontsize=9)
        axes.grid(alpha=0.3)
    label(left, "np.add", "numbers", "microseconds")
    label(right, "np.matmul", "rows and columns n", "microseconds")
    return figure


# --- diagrams --------------------------------------------------------------------------------------------------------


def fused() -> Figure:
    """The products of a step with a matrix for each gate, and those of the whole sequence with fused gates."""
    figure, axes = drawing(10.4, 4.6)
    axes.text(0.1, 4.35, "Objects: at each step, eight products", fontsize=10, weight="bold")
    for row, (name, shape, D) in enumerate((("$x_t$", "(N, D)", "D"), ("$h_{t-1}$", "(N, H)", "H"))):
        y = 3.75 - 0.75 * row
        box(axes, (0.9, y), f"{name}  {shape}", "data" if row == 0 else "state", 1.3, 0.46)
        arrow(axes, (1.55, y), (9.1, y), colour="grey")
        for k, gate in enumerate("oifg"):
            box(axes, (2.9 + 1.7 * k, y), f"$W_{{{'xh'[row]},{gate}}}$  ({D}, H)", "layer", 1.35, 0.46)
        axes.text(9.2, y, "4 of (N, H)", fontsize=9, va="center")
    axes.plot([0.1, 10.3], [2.45, 2.45], color="grey", linewidth=0.8)
    axes.text(0.1, 2.1, "Fused: one product before the loop, one per step", fontsize=10, weight="bold")
    rows = [("x  (N T, D)", "data", "$W_x$  (D, 4H)", "once", "all $x_t W_x$  (N T, 4H)")]
    rows.append(("$h_{t-1}$  (N, H)", "state", "$W_h$  (H, 4H)", "T times", "$h_{t-1} W_h$  (N, 4H)"))
    for y, (left, fill, weights, how_often, right) in zip((1.5, 0.5), rows, strict=True):
        box(axes, (1.1, y), left, fill, 1.7, 0.55)
        arrow(axes, (1.95, y), (2.75, y))
        box(axes, (3.9, y), f"{weights}\no | i | f | g", "layer", 2.3, 0.6)
        arrow(axes, (5.05, y), (6.0, y), how_often)
        box(axes, (7.1, y), right, "data", 2.2, 0.55)
    arrow(axes, (7.1, 1.22), (7.1, 0.78), "+ rows of step t")
    arrow(axes, (8.2, 0.5), (8.9, 0.5))
    box(axes, (9.55, 0.5), "$h_t$, $c_t$", "state", 1.2, 0.55)
    return figure


def packed(lengths: np.ndarray) -> Figure:
    """A padded batch, the same sorted, and its packed rows."""
    figure, axes = drawing(10.6, 2.6)
    cell, names, T = 0.34, "ABCDE", int(lengths.max())
    order = np.argsort(-lengths, kind="stable")
    for left, rows, title in ((0.2, np.arange(len(lengths)), "padded"), (2.9, order, "longest first")):
        axes.text(left, 2.3, title, fontsize=10, weight="bold")
        for place, n in enumerate(rows):
            fills = [PALE[n] if t < lengths[n] else "white" for t in range(T)]
            texts = [f"{names[n]}{t + 1}" if t < lengths[n] else "-" for t in range(T)]
            strip(axes, left, 1.75 - 0.42 * place, fills, texts, cell)
    counts = (lengths > np.arange(T)[:, None]).sum(axis=1)
    for t, N_t in enumerate(counts):
        axes.text(2.9 + (t + 0.5) * cell, 0.17, str(N_t), ha="center", fontsize=9)
    axes.text(2.8, 0.17, "$N_t$", ha="right", fontsize=9)
    arrow(axes, (4.85, 1.3), (5.55, 1.3), "pack")
    left = 5.8
    axes.text(left, 2.3, f"packed: P = {lengths.sum()} rows", fontsize=10, weight="bold")
    flat = [(t, n) for t, N_t in enumerate(counts) for n in order[:N_t]]
    texts = [f"{names[n]}{t + 1}" for t, n in flat]
    strip(axes, left, 1.15, [PALE[n] for _, n in flat], texts, cell)
    axes.text(left - 0.08, 0.9, "step", ha="right", fontsize=9, va="center")
    for t, (end, N_t) in enumerate(zip(np.cumsum(counts), counts, strict=True)):
        bracket(axes, left + (end - N_t) * cell + 0.03, left + end * cell - 0.03, 1.06, str(t + 1))
    return figure


def one_kernel() -> Figure:
    """Blocks that keep their columns of Wh and meet at a counter; and the same along time."""
    figure, axes = drawing(11.2, 4.6)
    axes.text(0.1, 4.3, "Who keeps what", fontsize=10, weight="bold")
    for s in range(3):
        y = 3.4 - 1.15 * s
        box(axes, (1.15, y), f"block {s + 1}\nits columns of $W_h$", "layer", 1.9, 0.7)
        arrow(axes, (2.1, y + 0.1), (3.1, 2.45 - 0.3 * (s - 1)), colour=COLOURS[1])
        arrow(axes, (3.1, 2.2 - 0.3 * (s - 1)), (2.1, y - 0.13), colour=COLOURS[0])
    box(axes, (3.85, 2.3), "exchange\nall of $h_t$\n(N, H)", "state", 1.45, 1.35)
    box(axes, (3.85, 0.65), "counter\n+ 1 per block and step", "plain", 1.75, 0.55)
    axes.text(1.15, 0.5, "hands on its part of $h_t$", color=COLOURS[1], fontsize=8.5, ha="center")
    axes.text(1.15, 0.2, "reads all of $h_{t-1}$", color=COLOURS[0], fontsize=8.5, ha="center")
    axes.plot([4.85, 4.85], [0.1, 4.5], color="grey", linewidth=0.8)
    axes.text(5.0, 4.3, "Along time", fontsize=10, weight="bold")
    work = ((1.25, 1.0, 1.1), (0.95, 1.2, 1.0), (1.1, 0.9, 1.25))  # of each block at each step
    begin = 6.0
    axes.plot([begin - 0.16] * 2, [0.62, 3.85], color="black", linestyle="--", linewidth=1)
    axes.text(begin - 0.16, 0.42, "counter = 3", ha="center", fontsize=8.5)
    for t in range(3):
        longest = max(part[t] for part in work)
        for s in range(3):
            y = 3.4 - 1.15 * s
            if t == 0:
                axes.text(5.75, y, f"block {s + 1}", fontsize=9, ha="right", va="center")
            _bar(axes, begin, y, work[s][t], PALE[s], f"step {t + 1}")
            if work[s][t] < longest:
                _bar(axes, begin + work[s][t], y, longest - work[s][t], "#eeeeee", "")
        begin += longest + 0.32
        axes.plot([begin - 0.16] * 2, [0.62, 3.85], color="black", linestyle="--", linewidth=1)
        axes.text(begin - 0.16, 0.42, f"counter = {3 * (t + 2)}", ha="center", fontsize=8.5)
    axes.text(8.0, 0.1, "grey: waiting for the others", ha="center", fontsize=8.5)
    return figure


def _bar(axes: Any, left: float, middle: float, width: float, fill: str, text: str) -> None:
    """A piece of work along time."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, middle - 0.25), width, 0.5, facecolor=fill, edgecolor="grey", zorder=2))
    axes.text(left + width / 2, middle, text, ha="center", va="center", fontsize=8.5, zorder=3)


def book() -> Figure:
    """Encoding, temporal summary, decoding: what each may be, and in which chapters it was built."""
    figure, axes = drawing(10.6, 3.6)
    parts = (
        ("Encoding", "layer", ("words, letters, pieces (2, 9, 12)", "word vectors (3, 4, 8)", "windows of a series (13)")),
        ("Temporal summary", "state", ("RNN, GRU, LSTM (5, 6)", "both directions, attention (6, 11)", "convolution (14)")),
        ("Decoding", "layer", ("one label; one per token (8, 9)", "a tree (10)", "a sequence; a forecast (7, 11 to 13)")),
    )
    for k, (name, fill, lines) in enumerate(parts):
        x = 2.3 + 3.1 * k
        box(axes, (x, 2.8), name, fill, 1.9, 0.65)
        for row, line in enumerate(lines):
            axes.text(x, 2.2 - 0.32 * row, line, ha="center", fontsize=9)
        costs = ("all steps at once", "steps that wait; a convolution does not", "all at once, or step by step")
        axes.text(x, 0.55, costs[k], ha="center", fontsize=9, color=COLOURS[1])
    axes.text(0.1, 2.8, "data", fontsize=9, va="center")
    arrow(axes, (0.5, 2.8), (1.35, 2.8))
    for k, shape in enumerate(("(N, T, D)", "(N, H) or (N, T, H)")):
        arrow(axes, (3.25 + 3.1 * k, 2.8), (4.45 + 3.1 * k, 2.8))
        axes.text(3.85 + 3.1 * k, 3.2, shape, ha="center", fontsize=8.5)
    arrow(axes, (9.45, 2.8), (10.2, 2.8))
    axes.text(10.5, 3.2, "answer", fontsize=9, ha="right", va="center")
    axes.plot([0.1, 10.5], [1.1, 1.1], color="grey", linewidth=0.8)
    axes.text(0.1, 0.55, "cost", fontsize=9, va="center", color=COLOURS[1])
    return figure


# --- measurements ----------------------------------------------------------------------------------------------------


def account(rows: Mapping[str, Mapping[str, float]], fee: float, limit: float) -> Figure:
    """For each version the fees of its calls, its products beyond their fees, and the rest.

    Args:
        rows: for each version ``ms``, ``fees`` and ``alone`` in milliseconds, and the numbers of products and calls.
        fee: of one product, in milliseconds.
        limit: the products at full speed, in milliseconds.
    """
    figure, axes = new_figure(8.5, 2.9)
    for place, row in enumerate(rows.values()):
        fees = min(row["fees"], row["ms"])
        products = max(min(row["alone"] - row["products"] * fee, row["ms"] - fees), 0)
        left = 0.0
        parts = (fees, products, row["ms"] - fees - products)
        names = ("fees of the calls", "products beyond their fees", "the rest")
        for part, name, colour in zip(parts, names, (COLOURS[1], COLOURS[0], COLOURS[4]), strict=True):
            axes.barh(place, part, left=left, color=colour, label=name if place == 0 else None)
            left += part
        axes.text(row["ms"], place, f"  {row['calls']:,} calls", va="center", fontsize=9)
    axes.axvline(limit, color="black", linestyle="--", linewidth=1)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_xlim(0, 1.3 * max(row["ms"] for row in rows.values()))
    axes.invert_yaxis()
    axes.legend(fontsize=9, loc="lower right")
    label(axes, "One pass, forward and backward", "milliseconds of processor time", "")
    return figure


def print_account(rows: Mapping[str, Mapping[str, float]], operations: int, rate: float) -> None:
    """The table of ``account``; the speed, in total and as a share of ``rate`` (operations per second)."""
    print("          products  calls     MB     ms   fees  products alone  GFLOP/s  share")
    for name, row in rows.items():
        speed = operations / row["ms"] * 1000
        counts = f"{name:<9} {row['products']:>8} {row['calls']:>6} {row['MB']:>6.1f}"
        parts = f"{row['ms']:>6.1f} {row['fees']:>6.1f} {row['alone']:>15.1f}"
        print(f"{counts} {parts} {speed / 1e9:>8.0f} {speed / rate:>6.0%}")


def print_launches(rows: Mapping[str, Mapping[str, float]], launch: float, arithmetic: float) -> None:
    """The seconds of all launches of each version, beside those of its arithmetic."""
    for name, row in rows.items():
        launches = row["calls"] * launch
        print(f"{name:<9} {row['calls']:>5} launches: {1000 * launches:>5.1f} ms", end=", ")
        print(f"{launches / arithmetic:,.0f} times the arithmetic")


def contests(times: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """The measurements of contestants A and B in the order in which they were made, and the medians."""
    figure, panels = new_figure(10, 3.4, ncols=len(times), sharey=True)
    for axes, (name, measured) in zip(panels, times.items(), strict=True):
        for (contestant, values), colour in zip(measured.items(), COLOURS, strict=False):
            ordered = sorted((value, contestant) for own in measured.values() for value in own)
            places = [ordered.index((value, contestant)) + 1 for value in values]
            axes.plot(places, values, "o", color=colour, markersize=4, label=contestant)
            axes.axhline(np.median(values), color=colour, linewidth=1.2, linestyle="--")
        axes.legend(fontsize=9, loc="upper left")
        label(axes, name, "measurement", "seconds (made up)")
    return figure


def differences(histories: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """Losses of both networks, several seeds each, averaged over 20 steps, on a logarithmic scale."""
    figure, axes = new_figure(7.5, 3.6)
    for (name, curves), colour in zip(histories.items(), COLOURS, strict=False):
        for k, curve in enumerate(curves):
            smooth = np.convolve(curve, np.ones(20) / 20, mode="valid")
            steps = np.arange(20, len(curve) + 1)
            axes.plot(steps, smooth, color=colour, linewidth=1.2, label=name if k == 0 else None)
    axes.set_yscale("log")
    axes.legend(fontsize=9)
    label(axes, "Sum of one pair minus sum of the other", "training step", "mean squared error, mean of 20 steps")
    return figure
