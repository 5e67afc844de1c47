"""Shared by the tests of the book: the cells of chapters and notebooks, and chapters that run once for all tests."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
import runpy
import time
from pathlib import Path
from types import SimpleNamespace

import scratchnn.book.moving
import scratchnn.book.page

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("ch[0-9][0-9]_*.py"))
HEADER = re.compile(r"# %%(?P<markdown> \[markdown\])?(?: id=\"(?P<id>[a-z0-9-]+)\")?(?: \w+=.+)?")  # then other settings


def chapter_file(name):
    """The chapter whose file name begins with ``name``: ``ch01``."""
    return next(path for path in CHAPTERS if path.name.startswith(name))


def notebook_file(chapter):
    return ROOT / "notebooks" / f"{chapter.stem}.ipynb"


def chapter_cells(chapter):
    """(kind, source) of each cell of a script in percent format; markdown without the comment signs."""
    return [(kind, source) for kind, _, source in identified_cells(chapter)]


def identified_cells(chapter):
    """(kind, id, source) of each cell of a script in percent format; the id is empty if the header has none."""
    cells = []
    for line in chapter.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            header = HEADER.fullmatch(line)
            assert header, f"{chapter.name}: {line!r} does not begin a cell"
            cells.append(("markdown" if header["markdown"] else "code", header["id"] or "", []))
        else:
            assert cells, f"{chapter.name} must begin with a cell"
            cells[-1][2].append(re.sub("^# ?", "", line) if cells[-1][0] == "markdown" else line)
    return [(kind, name, "\n".join(lines).strip("\n")) for kind, name, lines in cells]


def notebook_cells(chapter):
    """The cells of the chapter's notebook, from its JSON, with the lines of each source joined."""
    cells = json.loads(notebook_file(chapter).read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    return cells


def text_of(output):
    """The printed text of an output; empty for a figure and its caption."""
    if output["output_type"] == "stream":
        return "".join(output["text"])
    data = output.get("data", {})
    return "" if data.keys() & {"image/png", "text/markdown"} else "".join(data.get("text/plain", []))


def markdown(name):
    """All text of a chapter on one line, so that a search for a sentence ignores line breaks."""
    return " ".join(" ".join(source for kind, source in chapter_cells(chapter_file(name)) if kind == "markdown").split())


def play(name):
    """Run a chapter as a script, as a quick run, once for all tests.

    Returns:
        The chapter's names as attributes; ``printed``, its printed text; ``figures``, the figures it showed; ``seconds``
        of CPU time.
    """
    return run_once(chapter_file(name))


@functools.cache
def run_once(chapter):
    figures = []
    show, full = scratchnn.book.page.show, scratchnn.book.page.FULL
    show_moving, play_sound = scratchnn.book.moving.show_moving, scratchnn.book.page.play_sound

    def keep(figure, number, caption, *moving, **options):
        scratchnn.book.page.png(figure)
        figures.append(figure)

    printed = io.StringIO()
    start = time.process_time()
    scratchnn.book.page.show = scratchnn.book.moving.show_moving = keep
    scratchnn.book.page.play_sound = lambda wav, name: None
    scratchnn.book.page.FULL = False
    try:
        with contextlib.redirect_stdout(printed):
            names = runpy.run_path(str(chapter), run_name="__main__")
    finally:
        scratchnn.book.page.show, scratchnn.book.page.FULL = show, full
        scratchnn.book.moving.show_moving, scratchnn.book.page.play_sound = show_moving, play_sound
    return SimpleNamespace(
        **{key: value for key, value in names.items() if not key.startswith("__") and key != "figures"},
        printed=printed.getvalue(),
        figures=figures,
        seconds=time.process_time() - start,
    )
