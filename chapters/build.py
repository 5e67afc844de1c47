"""Build the notebooks from the chapters: ``python -m chapters.build`` for all, or ``python -m chapters.build ch01 ch03``.

Each chapter is executed from top to bottom as a quick run and written to ``notebooks/`` with its printed text and figures.
Anything that differs from run to run (times, random cell ids, the kernel's name) is left out, so a notebook changes only
if its chapter or its results change. A Markdown cell keeps the id that its header states, so that an edition in another
language can refer to it: ``# %% [markdown] id="ch05-a-language-model"``; other settings of a header become metadata of the
cell. The figure of a cell that contains ``# for the README`` is also saved as a PNG beside the notebook. Needs the extra
``notebooks``: ``pip install -e ".[notebooks]"``.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

from scratchnn.files import write_atomically

CHAPTERS = Path(__file__).resolve().parent
NOTEBOOKS = CHAPTERS.parent / "notebooks"
LONGEST_CELL = 3600  # seconds; minutes are enough unless the machine is busy
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
OF_JUPYTEXT = ("id", "lines_to_next_cell", "lines_to_end_of_cell_marker")  # not for the notebook


def chapter_files(names: list[str]) -> list[Path]:
    """The chapters whose file names begin with one of ``names``; all chapters if the list is empty."""
    files = sorted(CHAPTERS.glob("ch[0-9][0-9]_*.py"))
    for name in names:
        if not any(file.name.startswith(name) for file in files):
            sys.exit(
                f"error: no chapter {name}; choose from {', '.join(file.stem for file in files)}"
            )
    return [file for file in files if not names or file.name.startswith(tuple(names))]


def read(chapter: Path) -> nbformat.NotebookNode:
    """The chapter as a notebook that has not run; each cell has its id, see ``identify``."""
    notebook = jupytext.read(chapter, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    identify(notebook)
    return notebook


def identify(notebook: nbformat.NotebookNode) -> None:
    """The id of a cell is the one that its header states, or else a hash of its source."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode("utf-8")).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        hashed = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.id = cell.metadata.get("id", hashed)
        for name in OF_JUPYTEXT:
            cell.metadata.pop(name, None)


def execute(notebook: nbformat.NotebookNode) -> None:
    """Execute all cells, without ``SCRATCHNN_FULL``, and remove what differs from run to run."""
    quick = {name: value for name, value in os.environ.items() if name != "SCRATCHNN_FULL"}
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=LONGEST_CELL,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(NOTEBOOKS)}},
            config=connection(folder),
        )
        client.execute(env=quick)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})


def connection(folder: str) -> Config:
    """Connect to the kernel through files in a folder of this user; a kernel that uses TCP warns that it is open to all."""
    if os.name == "nt":  # without such files
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def build(chapter: Path) -> Path:
    """Execute one chapter, write its notebook, and return the notebook's path."""
    notebook = read(chapter)
    execute(notebook)
    nbformat.validate(notebook)
    path = NOTEBOOKS / f"{chapter.stem}.ipynb"
    write_atomically(path, (nbformat.writes(notebook, indent=1) + "\n").encode("utf-8"))
    for picture in pictures(notebook):
        write_atomically(path.with_suffix(".png"), picture)
    return path


def pictures(notebook: nbformat.NotebookNode) -> list[bytes]:
    """The figures (PNG) of the cells that contain ``# for the README``."""
    marked = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "# for the README" in cell.source
    ]
    data = [output.get("data", {}) for cell in marked for output in cell.outputs]
    return [base64.b64decode(part["image/png"]) for part in data if "image/png" in part]


def main(arguments: list[str] | None = None) -> int:
    """Build the chapters that are named; returns 1 if a chapter fails, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m chapters.build", description="Execute chapters into notebooks."
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="CHAPTER",
        help="the beginning of a chapter's file name, such as ch01 (default: all chapters)",
    )
    failed = 0
    NOTEBOOKS.mkdir(exist_ok=True)
    for chapter in chapter_files(parser.parse_args(arguments).names):
        start = time.perf_counter()
        try:
            path = build(chapter)
        except CellExecutionError as error:
            print(f"{chapter.name} failed; its notebook is unchanged.\n{error}", file=sys.stderr)
            failed = 1
            continue
        print(f"{path.relative_to(NOTEBOOKS.parent)} ({time.perf_counter() - start:.0f} s)")
    return failed


if __name__ == "__main__":
    sys.exit(main())
