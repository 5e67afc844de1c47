"""Small mistakes planted in the CUDA sources, one at a time, and what becomes of them in the emulation."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulated import DeadlockError, OutsideError
from kernel_problems import NAMES, some_problems, worst_error

from scratchnn.backend.kernels import cells

SWAPS = {  # what a mutant has in place of each piece of code
    " + ": " - ",
    " - ": " + ",
    " += ": " = ",
    " *= ": " = ",
    " * m[j]": "",
    " * m)": ")",
    " * m;": ";",
    "sigmoid(": "tanh_of(",
    "(1 - ": "(2 - ",
    " < ": " <= ",
    " && ": " || ",
    "[0]": "[1]",
    "[1]": "[0]",
    "[2]": "[1]",
    "[3]": "[2]",
    ".at(t)": ".at(0)",
    "t % 2": "0",
    "t > 0": "t > 1",
    ", -1": ", 0",
}
CALLS = (
    "__syncthreads|__syncwarp|wait_for_copies|wait|hand_on|copies_issued|issue|arrive|load_weights|load_unit_weights|clear|"
    "read_inputs|begin_forward|end_step|end_forward|begin_backward|end_step_backward|end_backward|sum_over_rows"
)
REMOVED = re.compile(rf"(?<![\w.])({CALLS})(<[^>]*>)?\([^{{}}]*\);")  # statements that a mutant lacks
SKIPPED = re.compile(
    r"^\s*(//|#|struct |extern|template|constexpr|static_assert|SHARED_MEMORY|const real\b.*\bconst real\*)"
)
FILES = {  # each file, and the cells whose results judge its mutants
    "rnn.cuh": ("rnn-tanh", "rnn-relu"),
    "gru_simplified.cuh": ("gru-simplified",),
    "gru_reset_before.cuh": ("gru-reset-before",),
    "gru_reset_after.cuh": ("gru-reset-after",),
    "lstm.cuh": ("lstm-peephole",),
    "read_write.cuh": ("lstm-peephole", "gru-reset-before"),
    "all_steps.cuh": ("gru-reset-after", "lstm-peephole"),
    "two_products.cuh": ("gru-reset-before",),
    "one_step.cuh": ("gru-reset-after", "lstm-peephole"),
    "two_products_step.cuh": ("gru-reset-before",),
    "unit.cuh": ("lstm", "gru-reset-after", "rnn-tanh"),
    "split.cuh": ("lstm-peephole", "gru-reset-before", "rnn-tanh"),
    "product.cuh": ("lstm", "gru-reset-after"),
}
SINGLE = ("one_step.cuh", "two_products_step.cuh")


@dataclass(frozen=True)
class Mutant:
    """One mistake: ``line`` (from 1) of ``file`` is ``after`` instead of ``before``."""

    file: str
    line: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """The file and the line before and after the change, without comments; independent of line numbers."""
        before, after = (text.partition("//")[0].strip() for text in (self.before, self.after))
        return f"{self.file}: {before} -> {after}"

    def change(self, source: str) -> str:
        """``source``, of which the file is a part, with the mistake."""
        text = cells.text(self.file)
        lines = text.split("\n")
        lines[self.line - 1] = self.after
        return source.replace(text, "\n".join(lines))


def mutants(file: str) -> Iterator[Mutant]:
    """All mutants of a file, in the order of its lines."""
    for number, line in enumerate(cells.text(file).split("\n"), start=1):
        code, slashes, comment = line.partition("//")
        if SKIPPED.match(line) or not code.strip():
            continue
        changed = []
        for old, new in SWAPS.items():
            if "for (" in code and (old == " += " or (old == " < " and "steps" not in code)):
                continue  # an endless loop, or a step beyond the end of an array, after which anything may happen
            starts = [match.start() for match in re.finditer(re.escape(old), code)]
            changed += [code[:start] + new + code[start + len(old) :] for start in starts]
        changed += [code[: m.start()] + ";" + code[m.end() :] for m in REMOVED.finditer(code)]
        for after in changed:
            yield Mutant(file, number, line, after + slashes + comment)


def unchanged(file: str) -> Mutant:
    """A mutant without a mistake."""
    line = cells.text(file).split("\n")[0]
    return Mutant(file, 1, line, line)


def judge(mutant: Mutant) -> str:
    """What becomes of a mutant in the problems of its file: one of ``OUTCOMES``; ``refused`` is by its numbers."""
    kinds = (
        ("step by step",)
        if mutant.file in SINGLE
        else ("several blocks", "lengths and mask", "many chunks", "step by step", "no steps", "several cells")
    )
    for kind in kinds:
        for cell in FILES[mutant.file]:
            problem = some_problems(cell)[kind]
            device = problem.device()
            device.change = mutant.change
            try:
                found, _ = problem.kernels(device)
            except DeadlockError:
                return "deadlock"
            except OutsideError:
                return "left its memory"
            except subprocess.CalledProcessError:
                return "does not compile"
            if not worst_error(found, problem.exact())[0] < 1e-6:
                return "refused"
    return "survived"


FIRST = 64  # the exit code of a process that has found the first of the outcomes; Python itself ends with 1 at an error
OUTCOMES = ("survived", "refused", "deadlock", "left its memory", "does not compile")


def fates(chosen: Sequence[Mutant], limit: int, report: Callable[[Mutant, str], None]) -> dict[Mutant, str]:
    """The fate of each mutant, in a process of its own: ``OUTCOMES``, ``crashed``, or ``too slow`` after ``limit`` s.

    The limit is on the time of the CPU, so that a mutant does not escape on a machine that is busy with something else.

    Raises:
        RuntimeError: if a mutant could not be judged.
    """
    context, found, running = multiprocessing.get_context("fork"), {}, {}
    waiting = list(chosen)
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop(0)
            running[mutant] = context.Process(target=_in_process, args=(mutant, limit))
            running[mutant].start()
        for mutant, process in list(running.items()):
            if not process.is_alive():
                code = process.exitcode
                if code >= FIRST:
                    found[mutant] = OUTCOMES[code - FIRST]
                elif code < 0:
                    found[mutant] = "too slow" if code == -signal.SIGXCPU else "crashed"
                else:
                    raise RuntimeError(f"judge() stopped with an error: {mutant}")
                report(mutant, found[mutant])
                del running[mutant]
        time.sleep(0.05)
    return found


def _in_process(mutant: Mutant, limit: int) -> None:
    """Judge in this process and end it with the number of the outcome; messages of the compiler are dropped."""
    faulthandler.disable()  # a mutant may crash
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os._exit(FIRST + OUTCOMES.index(judge(mutant)))


def sample() -> list[Mutant]:
    """The mutants of all files whose names ``kernel_mutants.txt`` lists."""
    every = {mutant.name: mutant for file in FILES for mutant in mutants(file)}
    return [every[name] for name in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()]


assert set(NAMES) >= {cell for judges in FILES.values() for cell in judges}
