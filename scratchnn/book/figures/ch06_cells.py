"""Diagrams of chapter 6: the way back without gates and with them, and a step of an LSTM and of a GRU in both directions.

A step is drawn twice, forward in the upper panel and backward in the lower one, with every node in the same place, so that
an arrow can be compared with the one that comes back along it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from scratchnn.book.figures.boxes import box
from scratchnn.plot import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Place = tuple[float, float]
FORWARD, BACKWARD = COLOURS[0], COLOURS[1]
RADIUS = 15  # points: arrows end at the border of a circle


class Way(NamedTuple):
    """An arrow of a diagram: from, to, what passes along it forward and backward, and how far the texts are moved."""

    start: Place
    end: Place
    forward: str = ""
    backward: str = ""
    shift: Place = (0.0, 0.17)
    shift_back: Place | None = None
    main: bool = False  # drawn thick: the way along the memory
    bends: tuple[Place, ...] = ()  # corners between start and end


# --- the LSTM --------------------------------------------------------------------------------------------------------

LSTM_CIRCLES: Mapping[Place, str] = {
    (2.4, 3.6): "×", (5.2, 3.6): "+", (5.2, 2.6): "×", (8.1, 2.75): "tanh", (8.1, 1.9): "×",
}  # fmt: skip
LSTM_BOXES: Mapping[Place, str] = {
    (2.4, 1.55): "$f=\\sigma$", (4.4, 1.55): "$i=\\sigma$", (6.0, 1.55): "$g=\\tanh$", (7.1, 1.55): "$o=\\sigma$",
}  # fmt: skip
LSTM_SUM = (4.75, 0.6)
LSTM_WAYS = (
    Way((0.2, 3.6), (2.4, 3.6), "$c_{t-1}$", "$dc_{t-1} = dc_t \\, f_t$", main=True),
    Way((2.4, 3.6), (5.2, 3.6), "$f_t \\, c_{t-1}$", "$dc_t$", main=True),
    Way((5.2, 3.6), (8.1, 3.6), "$c_t$", "$dc_t$, both parts added", main=True),
    Way((8.1, 3.6), (10.3, 3.6), "$c_t$", "$dc_t$ from step $t+1$", main=True),
    Way((8.1, 3.6), (8.1, 2.75), "", "$dh_t \\, o_t (1 - \\tanh^2 c_t)$", (0.3, 0), (1.25, 0)),
    Way((8.1, 2.75), (8.1, 1.9)),
    Way((8.1, 1.9), (10.3, 1.9), "$h_t = o_t \\tanh c_t$", "$dh_t$", (0.25, 0.17), (0.15, 0.17)),
    Way((2.4, 1.75), (2.4, 3.6), "$f_t$", "$dc_t \\, c_{t-1}$", (0.2, -0.2), (0.5, -0.2)),
    Way((4.4, 1.75), (5.2, 2.6), "$i_t$", "$dc_t \\, g_t$", (-0.2, 0.1), (-0.5, 0.05)),
    Way((6.0, 1.75), (5.2, 2.6), "$g_t$", "$dc_t \\, i_t$", (0.2, 0.1), (0.5, 0.05)),
    Way((5.2, 2.6), (5.2, 3.6), "$i_t \\, g_t$", "$dc_t$", (0.32, 0), (0.27, 0)),
    Way((7.1, 1.75), (8.1, 1.9), "$o_t$", "$dh_t \\tanh c_t$", (-0.2, 0.22), (-0.2, 0.22)),
    Way((2.4, 0.85), (2.4, 1.35), "", "$da_f$", (0.28, 0), (0.28, 0)),
    Way((4.4, 0.85), (4.4, 1.35), "", "$da_i$", (0.28, 0), (0.28, 0)),
    Way((6.0, 0.85), (6.0, 1.35), "", "$da_g$", (0.28, 0), (0.28, 0)),
    Way((7.1, 0.85), (7.1, 1.35), "", "$da_o$", (0.28, 0), (0.28, 0)),
    Way((0.2, 0.6), (1.9, 0.6), "$h_{t-1}$", "$dh_{t-1} = da_t W_h^T$"),
    Way((4.75, -0.35), (4.75, 0.35), "$x_t$", "$dx_t = da_t W_x^T$", (0.22, -0.05), (0.75, -0.05)),
)


def lstm_step() -> Figure:
    """The data flow in one step of an LSTM, forward and backward."""
    boxes = {place: (name, 0.95, 0.4) for place, name in LSTM_BOXES.items()}
    boxes[LSTM_SUM] = ("$a_t = x_t W_x + h_{t-1} W_h + b$, four blocks of $H$ columns", 5.7, 0.5)
    return _both_directions(LSTM_CIRCLES, boxes, LSTM_WAYS, (10.5, 4.0), branches=[(8.1, 3.6)])


# --- the GRU ---------------------------------------------------------------------------------------------------------

GRU_CIRCLES: Mapping[Place, str] = {(5.6, 3.6): "×", (8.3, 3.6): "+", (8.3, 2.6): "×", (3.1, 2.6): "×"}
GRU_BOXES: Mapping[Place, tuple[str, float, float]] = {
    (3.1, 1.55): ("$r=\\sigma$", 0.95, 0.4),
    (5.6, 1.55): ("$z=\\sigma$", 0.95, 0.4),
    (8.3, 1.55): ("$n=\\tanh$", 0.95, 0.4),
    (4.0, 0.6): ("$x_t W_x + h_{t-1} W_h + b$, blocks $z, r$", 4.2, 0.5),
    (8.3, 0.6): ("$x_t W_{x,n} + k_t W_{h,n} + b_n$", 2.9, 0.5),
}
K_WAY = ((4.35, 2.6), (4.35, 1.1), (7.6, 1.1))
GRU_WAYS = (
    Way((0.2, 3.6), (3.1, 3.6), "$h_{t-1}$", "$dh_{t-1}$, four parts added", main=True),
    Way((3.1, 3.6), (5.6, 3.6), "$h_{t-1}$", "$dh_t \\, z_t$", main=True),
    Way((5.6, 3.6), (8.3, 3.6), "$z_t \\, h_{t-1}$", "$dh_t$", main=True),
    Way((8.3, 3.6), (10.3, 3.6), "$h_t$", "$dh_t$", main=True),
    Way((3.1, 3.6), (3.1, 2.6), "$h_{t-1}$", "$dk_t \\, r_t$", (0.32, 0), (0.38, 0)),
    Way((3.1, 1.75), (3.1, 2.6), "$r_t$", "$dk_t \\, h_{t-1}$", (-0.22, 0), (-0.5, 0)),
    Way(
        (3.1, 2.6),
        (7.6, 0.85),
        "$k_t = r_t \\, h_{t-1}$",
        "$dk_t = da_n W_{h,n}^T$",
        (-0.85, 1.1),
        (-0.85, 1.1),
        bends=K_WAY,
    ),
    Way((5.6, 1.75), (5.6, 3.6), "$z_t$", "$dh_t \\, h_{t-1}$", (0.2, 0.25), (0.48, 0.25)),
    Way((5.6, 1.75), (8.3, 2.6), "$1 - z_t$", "$-dh_t \\, n_t$", (0.15, 0.27), (0.1, 0.3)),
    Way((8.3, 1.75), (8.3, 2.6), "$n_t$", "$dh_t \\, (1 - z_t)$", (0.2, 0), (0.7, 0)),
    Way((8.3, 2.6), (8.3, 3.6), "$(1 - z_t) \\, n_t$", "$dh_t$", (0.65, 0), (0.27, 0)),
    Way((3.1, 0.85), (3.1, 1.35), "", "$da_r$", (0.28, 0), (0.28, 0)),
    Way((5.6, 0.85), (5.6, 1.35), "", "$da_z$", (0.28, 0), (0.27, 0.15)),
    Way((8.3, 0.85), (8.3, 1.35), "", "$da_n$", (0.28, 0), (0.28, 0)),
    Way((0.2, 0.6), (1.9, 0.6), "$h_{t-1}$", "$da_z W_{h,z}^T + da_r W_{h,r}^T$", (0.0, 0.17), (0.0, 0.17)),
    Way((4.0, -0.35), (4.0, 0.35), "$x_t$", "part of $dx_t$", (0.22, -0.05), (0.55, -0.05)),
    Way((8.3, -0.35), (8.3, 0.35), "$x_t$", "part of $dx_t$", (0.22, -0.05), (0.55, -0.05)),
)


def gru_step() -> Figure:
    """The data flow in one step of a GRU with the reset gate before the product, forward and backward."""
    return _both_directions(GRU_CIRCLES, GRU_BOXES, GRU_WAYS, (10.5, 4.0), branches=[(3.1, 3.6)])


def _both_directions(
    circles: Mapping[Place, str],
    boxes: Mapping[Place, tuple[str, float, float]],
    ways: Sequence[Way],
    size: Place,
    branches: Sequence[Place],
) -> Figure:
    """Two panels with the same nodes: the arrows of the forward pass, and those of the backward pass.

    Args:
        circles: operations by place.
        boxes: text, width and height by place.
        ways: the arrows.
        size: width and height of a panel.
        branches: places of dots, where an array is used twice.
    """
    figure, panels = new_figure(10.5, 9.2, nrows=2)
    for axes, backward in zip(panels, (False, True), strict=True):
        axes.set_axis_off()
        axes.set(xlim=(0, size[0]), ylim=(-0.45, size[1]))
        axes.set_title("Backward" if backward else "Forward", loc="left")
        for way in ways:
            _draw(axes, way, backward, circles)
        for place, (name, width, height) in boxes.items():
            box(axes, place, name, "layer", width, height)
        for place, name in circles.items():
            axes.plot(*place, "o", markersize=2 * RADIUS - 3, color="white", markeredgecolor="black", zorder=2)
            axes.text(*place, name, ha="center", va="center", fontsize=8.5 if name == "tanh" else 13, zorder=3)
        for place in branches:
            axes.plot(*place, "o", markersize=5, color="black", zorder=3)
    return figure


def _draw(axes: Any, way: Way, backward: bool, circles: Mapping[Place, str]) -> None:
    """One arrow and its text; nothing goes back along an arrow without a text for that, but through a circle."""
    places, text, shift = [way.start, *way.bends, way.end], way.forward, way.shift
    if backward:
        places, text, shift = places[::-1], way.backward, way.shift_back or shift
    colour, width = BACKWARD if backward else FORWARD, 2.6 if way.main else 1.2
    style = {"arrowstyle": "->", "color": colour, "linewidth": width, "shrinkB": RADIUS * (places[-1] in circles)}
    style["shrinkA"] = RADIUS * (places[-2] in circles)
    axes.annotate("", places[-1], places[-2], arrowprops=style, zorder=1)
    axes.plot(*zip(*places[:-1], strict=True), color=colour, linewidth=width, zorder=1)
    middle = (way.start[0] + way.end[0]) / 2 + shift[0], (way.start[1] + way.end[1]) / 2 + shift[1]
    axes.text(*middle, text, ha="center", va="center", fontsize=10, color=colour, zorder=4)


# --- the chapter in one picture --------------------------------------------------------------------------------------


def ways_back(plain: Sequence[float], gated: Sequence[float]) -> Figure:
    """What is left of a gradient k = 0 .. T steps back, as the width of the arrows: without gates, and along a memory."""
    figure, panels = new_figure(10.5, 3.6, nrows=2)
    titles = {
        "A plain network: each step back goes through a matrix and a slope": (plain, "$h", "$W_h^T$"),
        "A network with gates: each step back goes through a gate, which can stay open": (gated, "$c", "$f$"),
    }
    for axes, (title, (left, name, passed)) in zip(panels, titles.items(), strict=True):
        steps = len(left) - 1
        axes.set_axis_off()
        axes.set(xlim=(-0.7, steps + 1.3), ylim=(-0.55, 0.6))
        axes.set_title(title, fontsize=11, loc="left")
        for k, share in enumerate(left):
            x = steps - k
            index = "T" if k == 0 else f"T-{k}"
            axes.plot(x, 0, "o", markersize=26, color="white", markeredgecolor="black", zorder=2)
            axes.text(x, 0, f"{name}_{{{index}}}$", ha="center", va="center", fontsize=9, zorder=3)
            axes.text(x, -0.5, f"{share:.1%}" if share >= 0.001 else f"{share:.0e}", ha="center", va="center", fontsize=9)
            arrow = {"arrowstyle": "-|>", "color": BACKWARD, "linewidth": max(7 * share, 0.4), "shrinkA": 0, "shrinkB": 14}
            axes.annotate("", (x, 0), (x + 1 - (0.0 if k == 0 else 0.17), 0), arrowprops=arrow, zorder=1)
            axes.text(x + 0.5, 0.3, "loss" if k == 0 else passed, ha="center", va="center", fontsize=9, color=BACKWARD)
    return figure
