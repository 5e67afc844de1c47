"""Make the notebooks from the chapters: ``python -m chapters.build``, or for some ``python -m chapters.build ch01 ch03``.

Each chapter is executed from top to bottom in its quick form and written to ``notebooks/`` with what it prints and draws.
What changes from run to run by itself (times, random cell ids, the kernel's name) is left out, so that a notebook changes
only where its chapter or its results do. The figure of a cell that says ``# for the README`` is kept beside its
notebook. Needs the extra ``notebooks``: ``pip install -e ".[notebooks]"``.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from scratchnn.files import write_atomically

CHAPTERS = Path(__file__).resolve().parent
NOTEBOOKS = CHAPTERS.parent / "notebooks"
LONGEST_CELL = 600  # seconds
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def chapter_files(names: list[str]) -> list[Path]:
    """The chapters whose file names begin with one of ``names``; all of them for an empty list."""
    files = sorted(CHAPTERS.glob("ch[0-9][0-9]_*.py"))
    for name in names:
        if not any(file.name.startswith(name) for file in files):
            sys.exit(
                f"error: no chapter {name}; there are {', '.join(file.stem for file in files)}"
            )
    return [file for file in files if not names or file.name.startswith(tuple(names))]


def execute(chapter: Path) -> nbformat.NotebookNode:
    """The chapter as an executed notebook."""
    notebook = jupytext.read(chapter, fmt="py:percent")
    client = NotebookClient(
        notebook,
        timeout=LONGEST_CELL,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    quick = {name: value for name, value in os.environ.items() if name != "SCRATCHNN_FULL"}
    return client.execute(env=quick)


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Leave nothing in the notebook that changes by itself: a cell's id is made of its source."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode("utf-8")).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})


def build(chapter: Path) -> Path:
    """Execute one chapter and write its notebook; returns the notebook's path."""
    notebook = execute(chapter)
    normalise(notebook)
    nbformat.validate(notebook)
    path = NOTEBOOKS / f"{chapter.stem}.ipynb"
    write_atomically(path, (nbformat.writes(notebook, indent=1) + "\n").encode("utf-8"))
    for picture in pictures(notebook):
        write_atomically(path.with_suffix(".png"), picture)
    return path


def pictures(notebook: nbformat.NotebookNode) -> list[bytes]:
    """The figures of cells that say ``# for the README``."""
    marked = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "# for the README" in cell.source
    ]
    data = [output.get("data", {}) for cell in marked for output in cell.outputs]
    return [base64.b64decode(part["image/png"]) for part in data if "image/png" in part]


def main(arguments: list[str] | None = None) -> int:
    """Build the chapters that are named; the status is 1 where one of them fails."""
    parser = argparse.ArgumentParser(
        prog="python -m chapters.build", description="Execute chapters into notebooks."
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="CHAPTER",
        help="beginnings of file names, as ch01 (default: all)",
    )
    failed = 0
    NOTEBOOKS.mkdir(exist_ok=True)
    for chapter in chapter_files(parser.parse_args(arguments).names):
        start = time.perf_counter()
        try:
            path = build(chapter)
        except CellExecutionError as error:
            print(f"{chapter.name} failed; its notebook is as it was.\n{error}", file=sys.stderr)
            failed = 1
            continue
        print(f"{path.relative_to(NOTEBOOKS.parent)} ({time.perf_counter() - start:.0f} s)")
    return failed


if __name__ == "__main__":
    sys.exit(main())
