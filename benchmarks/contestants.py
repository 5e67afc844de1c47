"""All rows of a contestant in one process per round: for checks whose time is short, on a GPU.

A process of PyTorch or CuPy needs seconds before its first kernel runs. On a GPU the contestants do not compete for the
cores of the CPU while they are measured, so they differ less from processes of their own than on a CPU.
"""

from __future__ import annotations

import importlib
import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.contest import Result, Row
from benchmarks.peak import SIZE
from benchmarks.processes import run_job
from benchmarks.table import WIDTH
from scratchnn.errors import DataError, ScratchnnError
from scratchnn.terminal import progress_bar

PEAK = "benchmarks.peak:product"


def several(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The results of several jobs, one after the other; ``{"error": message}`` for one that fails because of its input."""
    answers = []
    for function, of_job in case["jobs"]:
        module, _, name = function.partition(":")
        try:
            answers.append(getattr(importlib.import_module(module), name)(of_job, settings))
        except ScratchnnError as error:
            answers.append({"error": str(error)})
    return {"answers": answers}


def compete_together(
    rows: Sequence[Row],
    rounds: int,
    settings: dict[str, Any],
    size: int = 0,
    run: Callable[..., dict[str, Any]] = run_job,
) -> tuple[list[Result], float, list[str]]:
    """Like ``contest.compete``, with one process per contestant and round; the order of the contestants alternates.

    Args:
        rows, rounds, settings, run: as there.
        size: of the square matrices whose product gives the peak; 0 for the usual one.

    Returns:
        The results of the rows that we have measured in every round, the peak of matrix products, and a line for each
        failure.
    """
    results = [Result(row) for row in rows]
    contestants: dict[str, list[tuple[Row, str, list[dict[str, Any]]]]] = {"ours": []}
    for result in results:
        contestants["ours"].append((result.row, result.row.ours, result.ours))
        if result.row.theirs:
            contestants.setdefault(result.row.theirs, []).append((result.row, result.row.theirs, result.theirs))
    peaks: list[dict[str, Any]] = []
    contestants["ours"].append((Row("", "products", {"size": size or SIZE[settings["device"]]}, PEAK), PEAK, peaks))
    problems: dict[str, set[str]] = {}
    with progress_bar(total=rounds * len(contestants), unit="process") as bar:
        for number in range(rounds):
            for name in list(contestants)[:: -1 if number % 2 else 1]:
                bar.set_description_str(name)
                jobs = [(function, row.case) for row, function, _ in contestants[name]]
                try:
                    answers = run("benchmarks.contestants:several", {"jobs": jobs}, settings)["answers"]
                except (DataError, RuntimeError) as error:  # the whole process failed
                    answers = [{"error": str(error).strip().splitlines()[-1]}] * len(jobs)
                for (row, _, kept), answer in zip(contestants[name], answers, strict=True):
                    if "value" in answer:
                        kept.append(answer)
                    else:
                        problem = f"{name.removeprefix('benchmarks.')}: {answer['error']}"
                        problems.setdefault(problem, set()).add(f"{row.section} {row.label}")
                bar.update()
    lines = []
    for problem, labels in problems.items():
        text = f"{problem} (rows: {len(labels)}; {min(labels)} ...)"
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    peak = max((answer["value"] for answer in peaks), default=math.nan)
    return [result for result in results if len(result.ours) == rounds], peak, lines
