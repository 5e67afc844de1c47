"""What the tests of the book share: chapters and notebooks as cells, and chapters that have been run, each once."""

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

import scratchnn.page

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "chapters").glob("ch[0-9][0-9]_*.py"))


def chapter_file(name):
    """The chapter whose file name begins with ``name``: ``ch01``."""
    return next(path for path in CHAPTERS if path.name.startswith(name))


def notebook_file(chapter):
    return ROOT / "notebooks" / f"{chapter.stem}.ipynb"


def chapter_cells(chapter):
    """(kind, source) of each cell of a script in percent format; markdown without its comment signs."""
    cells = []
    for line in chapter.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            assert line in ("# %%", "# %% [markdown]"), f"{chapter.name}: {line!r} is not how a cell begins"
            cells.append(("markdown" if line.endswith("[markdown]") else "code", []))
        else:
            assert cells, f"{chapter.name} has to begin with a cell"
            cells[-1][1].append(re.sub("^# ?", "", line) if cells[-1][0] == "markdown" else line)
    return [(kind, "\n".join(lines).strip("\n")) for kind, lines in cells]


def notebook_cells(chapter):
    """The cells of the chapter's notebook, as they stand in its JSON, with sources and texts joined."""
    cells = json.loads(notebook_file(chapter).read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    return cells


def text_of(output):
    """What an output prints; empty for a figure."""
    if output["output_type"] == "stream":
        return "".join(output["text"])
    data = output.get("data", {})
    return "" if "image/png" in data else "".join(data.get("text/plain", []))


def markdown(name):
    """All text of a chapter, on one line, so that a sentence can be looked for across line ends."""
    return " ".join(" ".join(source for kind, source in chapter_cells(chapter_file(name)) if kind == "markdown").split())


def play(name):
    """Run a chapter as a script, in its quick form, once for all tests.

    Returns:
        Its names as attributes; ``printed``, what it printed; ``figures``, what it showed; ``seconds`` of CPU time.
    """
    return run_once(chapter_file(name))


@functools.cache
def run_once(chapter):
    figures = []
    show, full = scratchnn.page.show, scratchnn.page.FULL

    def keep(figure):
        show(figure)
        figures.append(figure)

    printed = io.StringIO()
    start = time.process_time()
    scratchnn.page.show, scratchnn.page.FULL = keep, False
    try:
        with contextlib.redirect_stdout(printed):
            names = runpy.run_path(str(chapter), run_name="__main__")
    finally:
        scratchnn.page.show, scratchnn.page.FULL = show, full
    return SimpleNamespace(
        **{key: value for key, value in names.items() if not key.startswith("__") and key != "figures"},
        printed=printed.getvalue(),
        figures=figures,
        seconds=time.process_time() - start,
    )
