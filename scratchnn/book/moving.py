"""Figures that move: plain SVG frames below a slider, in a notebook and in a page of its own.

A figure needs no server and makes no request. Where scripts do not run (in a notebook that is not trusted, on paper), the
still picture is shown instead.
"""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from scratchnn.book import page
from scratchnn.files import write_atomically
from scratchnn.terminal import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BYTES = 300_000  # of one figure in a notebook
SCRIPT = """
(function () {
  const place = document.getElementById("NAME");
  const frames = FRAMES;
  const slider = document.createElement("input");
  slider.type = "range";
  slider.max = frames.length - 1;
  slider.value = START;
  slider.style = "width: 70%";
  const button = document.createElement("button");
  button.textContent = "play";
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 WIDTH HEIGHT");
  picture.style = "display: block; max-width: WIDTHpx; background: white; font-family: sans-serif";
  let timer = null;
  function draw() { picture.innerHTML = frames[slider.value]; }
  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "play";
  }
  function next() {
    slider.value = (Number(slider.value) + 1) % frames.length;
    draw();
    if (Number(slider.value) === frames.length - 1) stop();
  }
  slider.oninput = function () { stop(); draw(); };
  button.onclick = function () {
    if (timer) return stop();
    timer = setInterval(next, 700);
    button.textContent = "stop";
  };
  place.replaceChildren(button, slider, picture);
  draw();
})();
"""


def show_moving(
    still: Figure, number: str, caption: str, frames: Sequence[str], size: tuple[int, int], start: int = 0
) -> None:
    """Show frames below a slider; a script saves the still picture and a page with the frames in ``figures``.

    Args:
        still: the picture for where scripts do not run.
        number: chapter and number of the figure, such as "6.7".
        caption: as for ``show``.
        frames: the content of an SVG picture for each position of the slider, made of ``bar``, ``line`` and ``text``.
        size: its width and height.
        start: the position at the beginning.
    """
    if not in_notebook():
        page.show(still, number, caption)
        path = page.FIGURES / f"{page.name_of(number)}.html"
        write_atomically(path, html(page.png(still), number, caption, frames, size, start).encode("utf-8"))
        print(f"figure {number}, moving: {path}")
        return
    picture = page.png(still)
    shown = {"text/html": html(picture, number, caption, frames, size, start), "image/png": picture}
    ipython = importlib.import_module("IPython.display")
    ipython.display(shown | {"text/plain": f"Figure {number}"}, raw=True)
    ipython.display(ipython.Markdown(f"**Figure {number}.** {caption}"))


def html(picture: bytes, number: str, caption: str, frames: Sequence[str], size: tuple[int, int], start: int) -> str:
    """A piece of a page: the still picture, and a script that replaces it by the slider and the frames."""
    name = f"moving-{page.name_of(number)}"
    values = {"NAME": name, "START": str(start), "WIDTH": str(size[0]), "HEIGHT": str(size[1])}
    script = SCRIPT
    for word, value in values.items():
        script = script.replace(word, value)
    script = script.replace("FRAMES", json.dumps(list(frames)).replace("</", "<\\/"))  # "</script>" would end it
    still = f'<img alt="{escape(caption)}" src="data:image/png;base64,{base64.b64encode(picture).decode("ascii")}">'
    made = f'<div id="{name}">{still}</div>\n<script>{script}</script>\n'
    if len(made) + len(picture) * 4 // 3 > MOST_BYTES:
        raise ValueError(f"figure {number} has {len(made):,} bytes; use fewer or simpler frames")
    return made


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    """A rectangle with its upper left corner at (x, y); a negative height goes upwards."""
    top = min(y, y + height)
    return f'<rect x="{x:g}" y="{top:.4g}" width="{width:g}" height="{abs(height):.4g}" fill="{colour}"/>'


def text(x: float, y: float, content: str, colour: str = "black", size: int = 14, anchor: str = "start") -> str:
    """A line of text that begins, ends or is centred (``anchor`` start, end, middle) at (x, y)."""
    style = f'font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
    return f'<text x="{x:.4g}" y="{y:.4g}" {style}>{escape(content)}</text>'


def line(start: tuple[float, float], end: tuple[float, float], width: float, colour: str) -> str:
    """A straight line, ``width`` wide."""
    places = 'x1="{:.4g}" y1="{:.4g}" x2="{:.4g}" y2="{:.4g}"'.format(*start, *end)
    return f'<line {places} stroke="{colour}" stroke-width="{width:.3g}"/>'
