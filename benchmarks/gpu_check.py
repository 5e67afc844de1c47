"""``gpu-check``: in about five minutes, whether this GPU computes what the CPU does, how fast, and an epoch of training.

    kernels   the tests of ``tests/gpu/test_gpu_kernels.py``, one per kernel and problem
    table     layers and a language-model step beside PyTorch and cuDNN, three short rounds
    epoch     one epoch of the Penn Treebank: two tied LSTMs of 650 units with dropout, with its validation perplexity

The result is one JSON file, and one page of text beside it. ``--quick`` rehearses all three on the CPU with small sizes.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import re
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from benchmarks import language_model, recurrent
from benchmarks.contest import compete
from benchmarks.processes import ROOT, environment
from benchmarks.table import speed_table
from scratchnn.datasets.folder import find
from scratchnn.doctor.facts import facts
from scratchnn.doctor.machine import look
from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.terminal import progress_bar

TESTS = "tests/gpu/test_gpu_kernels.py"
NAMES = ("lstm", "gru", "rnn", "lm")
SHAPES = ((20, 35, 100, 100), (20, 35, 650, 650), (64, 64, 256, 256))
SECONDS = 0.1  # per measurement
EPOCH = "--level word --layers 2 --hidden 650 --tie --dropout 0.5 --window 35 --batch 20 --optimizer sgd --lr 20".split()
QUICK_EPOCH = "--hidden 4 --window 5 --batch 2 --vocabulary 30".split()
QUICK_TEXT = "one two three four five six seven\n" * 40


def run(options: argparse.Namespace, settings: dict[str, Any]) -> dict[str, Any]:
    """All three parts; prints the page and writes it beside ``options.json``."""
    started = time.time()
    machine = [line for line in facts(look()) if line]
    document: dict[str, Any] = {"machine_facts": machine, "kernels": run_tests()}
    page = ["scratchnn gpu-check", "", *machine, "", "Kernels", f"  {document['kernels']['summary']}", ""]
    opponents = [name for name in ("torch", "cudnn") if importlib.util.find_spec("torch")]
    if options.device != "gpu":
        opponents = []
    table, rows = run_table(options, {**settings, "seconds": SECONDS}, opponents)
    page += [f"Speed on {options.device}, {'no opponent' if not opponents else ' and '.join(opponents)}", *table, ""]
    document["rows"] = rows
    document["epoch"] = run_epoch(options)
    page += ["One epoch", *(f"  {line}" for line in document["epoch"]["lines"]), ""]
    document["minutes"] = round((time.time() - started) / 60, 2)
    page.append(f"{document['minutes']} minutes")
    print("\n".join(page))
    write_atomically(Path(options.json).with_suffix(".md"), ("\n".join(["```", *page, "```"]) + "\n").encode())
    return document


def run_tests() -> dict[str, Any]:
    """The tests of the kernels on this GPU: the counts and, for those that failed, their names."""
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", TESTS]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment(2))
    lines = [line for line in child.stdout.splitlines() if line]
    failed = [line.removeprefix("FAILED ") for line in lines if line.startswith("FAILED ")]
    counts = {name: int(number) for number, name in re.findall(r"(\d+) (passed|failed|skipped|error)", child.stdout)}
    named = ", ".join(f"{number} {name}" for name, number in counts.items())
    summary = named or f"the tests did not run: {(lines or [child.stderr.strip()[-200:]])[-1]}"
    return {"summary": summary, "counts": counts, "failed": failed, "status": child.returncode}


def run_table(
    options: argparse.Namespace, settings: dict[str, Any], opponents: list[str]
) -> tuple[list[str], list[dict[str, Any]]]:
    """The lines of the table, and its rows as JSON stores them."""
    asked = Namespace(against=opponents, quick=options.quick, shapes=None if options.quick else SHAPES)
    modules = {name: language_model if name == "lm" else recurrent for name in NAMES}
    rows = [row for name, module in modules.items() for row in module.rows(name, asked, settings)]
    results, peak = compete(rows, options.rounds, settings)
    return [*speed_table(results, peak), *recurrent.notes(results)], [result.document() for result in results]


def run_epoch(options: argparse.Namespace) -> dict[str, Any]:
    """Train one epoch of the Penn Treebank; without it, or to rehearse, of a small text."""
    folder = Path(options.folder)
    text = folder / "text.txt"
    arguments = ["--text", str(text), *QUICK_EPOCH]
    text.write_text(QUICK_TEXT)
    if not options.quick:
        try:
            parts = {part: find("ptb", (f"ptb.{part}.txt", f"{part}.txt.gz")) for part in ("train", "valid")}
        except DataError as error:
            return {"lines": [f"not run: {error}"]}
        arguments = ["--text", str(parts["train"]), "--valid", str(parts["valid"]), *EPOCH]
    out = folder / "run"
    command = [sys.executable, "-m", "scratchnn", "train", "lm", *arguments, "--epochs", "1", "--device", options.device]
    started = time.time()
    with progress_bar(total=1, unit="epoch", desc="one epoch") as bar:
        child = subprocess.run([*command, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, env=environment(2))
        bar.update()
    seconds = time.time() - started
    shown = " ".join(command[1:])
    if child.returncode:
        return {"command": shown, "lines": [f"failed: {(child.stderr.strip().splitlines() or ['no message'])[-1]}"]}
    with open(out / "history.csv", encoding="utf-8", newline="") as file:
        figures = list(csv.DictReader(file))[-1]  # of the epoch
    lines = [f"{name} {value}" for name, value in figures.items() if value]
    return {"command": shown, "seconds": seconds, "figures": figures, "lines": [*lines, f"{seconds:.0f} seconds"]}
