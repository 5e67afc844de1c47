"""A lesson: a fault is planted in a backward pass, the gradient check is shown, and the reader names the broken equation.

The fault is a mutant (``faults``) of a line whose comment gives the number of its equation. It is drawn at random from the
mutants with which every case still runs and at least one case fails: from the file that defines the named function or
layer, or, if that file has no such line, from those of the layers inside it. The report before the question fits a page.
"""

from __future__ import annotations

import math
import re
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.errors import DataError
from scratchnn.gradcheck.engine import METHODS, Reference, examine, measure
from scratchnn.gradcheck.registry import Case
from scratchnn.gradcheck.report import COLUMNS, Findings, case_lines, header, summary
from scratchnn.lesson.faults import Mutant, called, mutants, package_functions

TRIES = 3
PAGE = 24  # lines of a terminal, the question included
NUMBERED = re.compile(r"\((\d+)\)\s*$")
SPACED = re.compile(r"\s{4,}(?=\(\d+\)$)")  # the space between an equation and its number

Say = Callable[[str], None]


# --- planting the fault ----------------------------------------------------------------------------------------------


def backward_functions(cases: list[Case], references: list[Reference]) -> list[FunctionType]:
    """The functions of the package that run in the backward pass of some of ``cases`` but in none of the forward passes."""
    forward, backward = set(), set()
    for case, reference in zip(cases, references, strict=True):
        problem = case.problem()
        _, pull = problem.run(problem.arrays)
        forward |= called(problem.run, problem.arrays)
        backward |= called(pull, reference.cotangents)
    return [f for f in package_functions() if f.__code__ in backward - forward]


def run_cases(cases: list[Case], references: list[Reference]) -> Findings:
    """The findings of all cases with the code in its present state."""
    with np.errstate(all="ignore"):  # faulty code may overflow
        return [
            (case.name, finding)
            for case, reference in zip(cases, references, strict=True)
            for finding in examine(case.problem(), reference, case.zero)
        ]


def caught(cases: list[Case], references: list[Reference]) -> bool:
    """Whether the present code runs in every case and fails in some, by its numbers and not by a wrong shape."""
    try:
        wrong = [finding.error for _, finding in run_cases(cases, references) if not finding.ok]
    except Exception:  # faulty code may raise anything
        return False
    return bool(wrong) and math.isfinite(max(wrong))


def plant(cases: list[Case], references: list[Reference], rng: np.random.Generator) -> Mutant:
    """A random fault that the check detects, on a line with an equation number."""
    functions = backward_functions(cases, references)
    own, inner = own_modules(cases), inner_modules(cases)
    for modules in (own, inner) if own else ({f.__module__ for f in functions},):
        found = [m for f in functions if f.__module__ in modules for m in mutants(f) if m.equations]
        for k in rng.permutation(len(found)):
            with found[k].apply():
                if caught(cases, references):
                    return found[k]
    raise DataError(
        f"{cases[0].family}: no line of its backward pass has an equation number and a fault that only the gradient check "
        "detects, so there is nothing to break"
    )


def own_modules(cases: list[Case]) -> set[str]:
    """The modules that define what the cases check; for a layer made for a check only, those of the layers inside it."""
    return {module for case in cases for subject in case.problem().subject for module in modules_of(subject)}


def modules_of(subject: Any) -> set[str]:
    """The module of a function or of a layer; ``checks`` modules define nothing that is checked."""
    if isinstance(subject, partial):
        return modules_of(subject.func)
    module = type(subject).__module__ if isinstance(subject, Layer) else subject.__module__
    if not module.endswith(".checks"):
        return {module}
    return {inner for layer in layers_below(subject, direct=True) for inner in modules_of(layer)}


def inner_modules(cases: list[Case]) -> set[str]:
    """The modules of all layers inside those that the cases check."""
    layers = [layer for case in cases for subject in case.problem().subject for layer in layers_below(subject)]
    return {module for layer in layers for module in modules_of(layer)}


def layers_below(subject: Any, direct: bool = False) -> list[Layer]:
    """The layers inside a layer, at any depth or its own attributes only; none for a function."""
    if not isinstance(subject, Layer):
        return []
    return [layer for name, layer in subject.named_layers() if layer is not subject and not (direct and "." in name)]


# --- asking ----------------------------------------------------------------------------------------------------------


def teach(
    cases: list[Case],
    rng: np.random.Generator,
    methods: tuple[str, ...] = METHODS,
    ask: Callable[[str], str] = input,
    say: Say = print,
) -> bool:
    """Plant a fault, show the report, and ask which equation is wrong; returns whether the reader has found it."""
    start = time.perf_counter()
    references = [measure(case.problem(), methods) for case in cases]
    mutant = plant(cases, references, rng)
    with mutant.apply():
        findings = run_cases(cases, references)
    for line in page(findings, methods, mutant, time.perf_counter() - start):
        say(line)
    right = question(mutant, ask, say)
    for line in answer(mutant):
        say(line)
    return right


def page(findings: Findings, methods: tuple[str, ...], mutant: Mutant, seconds: float) -> list[str]:
    """The lines before the question: the first case that fails, as far as a page has space for it, and the clues."""
    last = [
        summary(findings, methods, seconds),
        "",
        *clues(findings),
        "One line of a backward pass is faulty in this run; the file itself is unchanged:",
        f"  {mutant.file}",
    ]
    failing = next(name for name, finding in findings if not finding.ok)
    lines = case_lines(failing, [finding for name, finding in findings if name == failing], methods)
    space = PAGE - 1 - sum(line.count("\n") + 1 for line in last) - 1  # for the question and the header
    if len(lines) > space:
        lines = [line for line in lines if not line.startswith("    ")]  # without the explanations
    if len(lines) > space:
        lines = [*lines[: space - 1], f"  ... and {len(lines) - space + 1} more"]
    return [header(methods), *lines, *last]


def clues(findings: Findings) -> list[str]:
    """Lines that list the wrong and the right arrays, and the wrong and the right cases."""
    lines = []
    for title, key in (("arrays", lambda case, f: f.array), ("cases", lambda case, f: case)):
        total: dict[str, set[str]] = {}
        wrong: dict[str, set[str]] = {}
        for case, finding in findings:
            total.setdefault(key(case, finding), set()).add(case + finding.array)
            if not finding.ok:
                wrong.setdefault(key(case, finding), set()).add(case + finding.array)
        bad = ", ".join(f"{name} ({len(wrong[name])} of {len(total[name])})" for name in total if name in wrong)
        good = ", ".join(name for name in total if name not in wrong) or "none"
        for text in (f"wrong {title}: {bad}", f"right {title}: {good}"):
            lines += textwrap.wrap(text, COLUMNS, subsequent_indent="    ", break_on_hyphens=False)
    return lines


def question(mutant: Mutant, ask: Callable[[str], str], say: Say) -> bool:
    """Ask until the answer is right, no tries are left, or the reader gives up."""
    numbers = equations(mutant)
    hints = [f"Look at {mutant.function.__qualname__}.", f"The kind of fault is: {mutant.kind}."]
    tries = 0
    while tries < TRIES:
        try:
            reply = ask(f"Which equation of {mutant.file} is wrong?\n(a number, or Enter to give up) ").strip()
        except EOFError:
            say("")
            return False
        if not reply:
            return False
        number = re.search(r"\d+", reply)
        if number is None or int(number.group()) not in numbers:
            say(f"The equations of this file have the numbers {min(numbers)} to {max(numbers)}.")
            continue
        if int(number.group()) in mutant.equations:
            say("Right!")
            return True
        tries += 1
        say(
            f"No, equation ({number.group()}) is correct. "
            + (hints[tries - 1] if tries < TRIES else "That was your last try.")
        )
    return False


def equations(mutant: Mutant) -> dict[int, str]:
    """The equations at the top of the file of the mutant, by number."""
    found: dict[int, str] = {}
    block: list[str] = []
    for line in (sys.modules[mutant.function.__module__].__doc__ or "").splitlines():
        block = [*block, line] if line.strip() else []
        number = NUMBERED.search(line)
        if number:
            found[int(number.group(1))] = textwrap.dedent("\n".join(block))
            block = []
    return found | {number: "" for number in mutant.equations if number not in found}


def answer(mutant: Mutant) -> list[str]:
    """Lines that show where the fault was, what it was, and the correct equation."""
    numbers = " and ".join(f"({number})" for number in mutant.equations)
    lines = [f"{mutant.file}:{mutant.line}, equation {numbers}: {mutant.kind}"]
    for sign, text in (("-", mutant.original), ("+", mutant.mutated)):
        lines += [f"  {sign} {line}" for line in text.splitlines()]
    lines.append("The equation:" if len(mutant.equations) == 1 else "The equations:")
    known = equations(mutant)
    for number in mutant.equations:
        lines += [f"    {SPACED.sub('    ', line)}" for line in known[number].splitlines()]
    return lines
