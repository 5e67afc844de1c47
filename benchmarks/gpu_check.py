"""``gpu-check``: in about five minutes, whether this GPU computes what the CPU does, how fast, and an epoch of training.

    kernels     tests of ``tests/gpu/test_gpu_kernels.py``, for every cell: lengths and masks, single steps, larger sizes
    speed       layers and a language-model step beside PyTorch and cuDNN, three rounds
    precision   the same for some rows with TF32 and bfloat16 products, one round, and the errors of all three
    epoch       one epoch of the Penn Treebank: two tied LSTMs of 650 units with dropout, with its validation perplexity

The result is one JSON file, and one page of text beside it. A part that fails is reported there, and the others run. To
save time, a contestant measures all its rows in one process per round; ``--device gpu`` of the other benchmarks has a
process for each. ``--quick`` rehearses all parts with small sizes, on the CPU if there is no GPU.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import re
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import language_model, recurrent
from benchmarks.contestants import compete_together
from benchmarks.processes import ROOT, environment, run_job
from benchmarks.table import speed_table
from scratchnn.backend.precision import PRECISIONS
from scratchnn.datasets.folder import find
from scratchnn.doctor.facts import facts
from scratchnn.doctor.machine import look
from scratchnn.errors import DataError, ScratchnnError
from scratchnn.files import write_atomically
from scratchnn.terminal import progress_bar

TESTS = "tests/gpu/test_gpu_kernels.py"
CHOSEN, QUICK_CHOSEN = "lengths or step or 200", "lengths"  # pytest -k
SECTIONS = ("lstm", "lstm, lengths", "gru, reset after", "rnn")
SHAPES = ((20, 35, 100, 100), (20, 35, 650, 650), (64, 64, 256, 256), (256, 50, 512, 512))
ROUNDED_SHAPES = SHAPES[2:]  # of the LSTM, in the other precisions
WIDE = {"COLUMNS": "200"}  # in which pytest names a failed test and its error in one line
SECONDS = 0.1  # per measurement
EPOCH = (
    "--level word --layers 2 --hidden 650 --tie --dropout 0.5 --window 35 --batch 20 --optimizer sgd --lr 20 --clip 0.25"
).split()
QUICK_EPOCH = "--hidden 4 --window 5 --batch 2 --vocabulary 30".split()
QUICK_TEXT = "one two three four five six seven\n" * 10
QUICK_SIZE = 256  # of the matrices whose product gives the peak


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """All parts; prints the page and writes it beside ``options.json``, after each part with what there is."""
    started = time.time()
    settings = {**settings, "seconds": SECONDS}
    opponents = ["torch", "cudnn"] if options.device == "gpu" and has_torch() else []
    beside = " and ".join(opponents) or "no opponent"
    parts: dict[str, tuple[str, Callable[[], tuple[list[str], Any]]]] = {
        "kernels": ("Kernels", partial(run_tests, options)),
        "rows": (
            f"Speed on {options.device}, beside {beside}, float32 products, rounds: {options.rounds}",
            partial(run_table, options, settings, opponents),
        ),
        "precision": ("Precision of products", partial(run_precisions, options, settings, opponents)),
        "epoch": ("One epoch", partial(run_epoch, options)),
    }
    facts_found = [line for line in facts(look()) if line]
    document: dict[str, Any] = {"machine_facts": facts_found}
    page = ["scratchnn gpu-check", "", *facts_found]
    for name, (heading, part) in parts.items():
        try:
            lines, document[name] = part()
        except (ScratchnnError, RuntimeError) as error:
            lines, document[name] = [f"  failed: {str(error).strip().splitlines()[-1]}"], {"error": str(error)}
        page += ["", heading, *lines]
        document["minutes"] = round((time.time() - started) / 60, 2)
        text = "\n".join(["```", *page, "", f"{document['minutes']} minutes", "```"]) + "\n"
        write_atomically(Path(options.json).with_suffix(".md"), text.encode())
    print("\n".join([*page, "", f"{document['minutes']} minutes"]))
    return document


def has_torch() -> bool:
    """Whether PyTorch is installed, and not as its build for CPUs only."""
    try:
        return not importlib.metadata.version("torch").endswith("+cpu")
    except importlib.metadata.PackageNotFoundError:
        return False


def run_tests(options: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Tests of the kernels on this GPU: the counts and, for those that failed, their names."""
    chosen = QUICK_CHOSEN if options.quick else CHOSEN
    command = [sys.executable, "-m", "pytest", "-rf", "-p", "no:cacheprovider", TESTS, "-k", chosen]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment(2) | WIDE)
    lines = [line for line in child.stdout.splitlines() if line]
    failed = [line.removeprefix("FAILED ") for line in lines if line.startswith("FAILED ")]
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|skipped|error)", child.stdout)}
    named = ", ".join(f"{count} {name}" for name, count in counts.items())
    summary = named or f"the tests did not run: {(lines or [child.stderr.strip()[-200:]])[-1]}"
    return [f"  {line}" for line in (summary, *failed)], {"counts": counts, "failed": failed, "status": child.returncode}


def run_table(
    options: argparse.Namespace, settings: dict[str, Any], opponents: list[str]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The lines of the table, and its rows as JSON stores them."""
    asked = Namespace(against=opponents, quick=options.quick, shapes=None if options.quick else SHAPES)
    rows = [row for name in ("lstm", "gru", "rnn") for row in recurrent.rows(name, asked, settings)]
    rows = [row for row in rows if row.section.removesuffix(f", {recurrent.CUDNN}") in SECTIONS]
    rows += language_model.rows("lm", Namespace(against=opponents, quick=options.quick, shapes=None), settings)
    results, peak, problems = compete_together(rows, options.rounds, settings, QUICK_SIZE if options.quick else 0)
    lines = [*speed_table(results, peak), *recurrent.notes(results), *problems]
    return lines, [result.document() for result in results]


def run_precisions(
    options: argparse.Namespace, settings: dict[str, Any], opponents: list[str]
) -> tuple[list[str], dict[str, Any]]:
    """Errors and, unless they are float32, times by the precision of products: large LSTMs, the largest language model."""
    document: dict[str, Any] = {}
    errors = ["  the largest ||found - exact|| / ||exact|| of an LSTM's outputs and gradients"]
    tables: list[str] = []
    for precision in PRECISIONS if options.device == "gpu" else PRECISIONS[:1]:
        chosen = {**settings, "precision": precision}
        asked = Namespace(against=opponents, quick=options.quick, shapes=None if options.quick else ROUNDED_SHAPES)
        rows = [row for row in recurrent.rows("lstm", asked, chosen) if row.case["variation"] == ""]
        cases = {row.label: row.case for row in rows}
        found = {label: run_job("benchmarks.recurrent:error", case, chosen)["value"] for label, case in cases.items()}
        errors.append(f"    {precision:<10} " + "; ".join(f"{label}: {error:.1e}" for label, error in found.items()))
        document[precision] = {"errors": found}
        if precision != "float32":  # whose times are in the table of speed
            models = language_model.rows("lm", Namespace(against=opponents, quick=options.quick, shapes=None), chosen)
            size = QUICK_SIZE if options.quick else 0
            results, peak, problems = compete_together([*rows, models[-1]], 1, chosen, size)
            tables += ["", f"  {precision} products, one round", *speed_table(results, peak), *problems]
            document[precision]["rows"] = [result.document() for result in results]
    return [*errors, *tables], document


def run_epoch(options: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Train one epoch of the Penn Treebank; without it, or to rehearse, of a small text."""
    folder = Path(options.folder)
    text = folder / "text.txt"
    arguments = ["--data", str(text), *QUICK_EPOCH]
    text.write_text(QUICK_TEXT)
    if not options.quick:
        try:
            parts = {part: find("ptb", (f"ptb.{part}.txt", f"{part}.txt.gz")) for part in ("train", "valid")}
        except DataError as error:
            return [f"  not run: {error}"], {}
        arguments = ["--data", str(parts["train"]), "--valid", str(parts["valid"]), *EPOCH]
    out = folder / "run"
    command = [sys.executable, "-m", "scratchnn", "train", "lm", *arguments, "--epochs", "1", "--device", options.device]
    started = time.time()
    with progress_bar(total=1, unit="epoch", desc="one epoch") as bar:
        child = subprocess.run([*command, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, env=environment(2))
        bar.update()
    seconds = time.time() - started
    shown = " ".join(command[1:])
    if child.returncode:
        problem = (child.stderr.strip().splitlines() or ["no message"])[-1]
        return [f"  failed: {problem}"], {"command": shown, "error": problem}
    with open(out / "history.csv", encoding="utf-8", newline="") as file:
        figures = list(csv.DictReader(file))[-1]  # of the epoch
    lines = [f"  {name:<22}{float(value):g}" for name, value in figures.items() if value]
    return [*lines, f"  {'seconds, all':<22}{seconds:.0f}"], {"command": shown, "seconds": seconds, "figures": figures}
