"""The register of gradient checks. Each room names its own cases in a file ``checks.py``; nothing is checked twice.

A case is named ``family/variant``: ``lstm``, ``lstm/lengths``, ``gru-reset-before/mask`` ... Selecting ``lstm`` selects the
whole family.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scratchnn.errors import DataError
from scratchnn.gradcheck.engine import METHODS, Finding, check
from scratchnn.gradcheck.problems import Problem, move_problem

ROOMS = [
    "scratchnn.gradcheck.checks",
    "scratchnn.layers.checks",
    "scratchnn.recurrent.checks",
    "scratchnn.models.checks",
    "scratchnn.word2vec.checks",
    "scratchnn.your_layer.checks",
]

NOT_CHECKED = {
    "one_hot": "its input is an id, and ids have no gradient",
    "embedding ids": "ids have no gradient",
    "targets and masks": "losses are differentiated by predictions only",
    "lengths": "whole numbers have no gradient",
    "dropout probability": "the mask is drawn from it; the layer is checked for a fixed mask",
}


@dataclass(frozen=True)
class Case:
    """One entry.

    Attributes:
        name: ``family`` or ``family/variant``.
        build: makes the problem from a generator.
        zero: why a gradient is zero everywhere, by array, where it has to be.
        real_only: why the complex step cannot be used, where it cannot.
    """

    name: str
    build: Callable[[np.random.Generator], Problem]
    zero: dict[str, str] = field(default_factory=dict)
    real_only: str = ""

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    def problem(self, device: str = "numpy") -> Problem:
        """The problem, the same one every time, on the given array library."""
        problem = self.build(np.random.default_rng(sum(map(ord, self.name))))
        if device != "numpy":
            move_problem(problem, device)
        return problem

    def check(self, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """All findings of this case; by central differences alone where the complex step cannot be used."""
        return check(self.problem(device), ("central",) if self.real_only else methods, self.zero)


CASES: dict[str, Case] = {}


def case(name: str, zero: dict[str, str] | None = None) -> Callable:
    """Decorator: registers a function (generator -> ``Problem``) as the case ``name``."""

    def register(build: Callable[[np.random.Generator], Problem]) -> Callable:
        if name in CASES:
            raise DataError(f"gradient check {name!r} is registered twice")
        CASES[name] = Case(name, build, zero or {})
        return build

    return register


def all_cases() -> dict[str, Case]:
    """Every registered case, after importing every room."""
    for room in ROOMS:
        importlib.import_module(room)
    return CASES


def select(names: list[str]) -> list[Case]:
    """The cases of these names, families or groups, in the order of the register; all of them for an empty list.

    ``gru`` names a group: there is no family of that name, but ``gru-simplified`` and others begin with it.
    """
    cases = all_cases().values()
    chosen = set()
    for name in names:
        found = [c.name for c in cases if name in (c.name, c.family)]
        found = found or [c.name for c in cases if c.name.startswith(name + "-")]
        if not found:
            known = dict.fromkeys([*(c.family for c in cases), *(c.name for c in cases)])
            close = difflib.get_close_matches(name, known, n=3)
            hint = f"; did you mean {', '.join(close)}?" if close else "; see --list"
            raise DataError(f"no gradient check named {name!r}{hint}")
        chosen.update(found)
    return [c for c in cases if not names or c.name in chosen]
