"""The register of gradient checks. Each package registers its own cases in its module ``checks``; models
also have ``word_checks`` and ``picture_checks``.

Cases are named ``family`` or ``family/variant``: ``lstm``, ``lstm/lengths``, ``gru-reset-before/mask``. Selecting ``lstm``
selects the whole family.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scratchnn.errors import DataError
from scratchnn.gradcheck.directions import check_directions
from scratchnn.gradcheck.engine import METHODS, Finding
from scratchnn.gradcheck.kinks import check
from scratchnn.gradcheck.problems import Problem, move_problem
from scratchnn.gradcheck.properties import Outcome, check_properties

CHECK_MODULES = [
    "scratchnn.gradcheck.checks",
    "scratchnn.layers.checks",
    "scratchnn.recurrent.checks",
    "scratchnn.attention.checks",
    "scratchnn.structured.checks",
    "scratchnn.models.checks",
    "scratchnn.models.word_checks",
    "scratchnn.models.picture_checks",
    "scratchnn.word2vec.checks",
    "scratchnn.your_layer.checks",
]

NOT_CHECKED = {
    "one_hot": "its input is an id, and ids have no gradient",
    "embedding ids": "ids have no gradient",
    "targets and masks": "losses are differentiated with respect to predictions only",
    "lengths": "integers have no gradient",
    "dropout probability": "it determines how the mask is drawn; the layer is checked for a fixed mask",
}


@dataclass(frozen=True)
class Case:
    """One gradient check.

    Attributes:
        name: ``family`` or ``family/variant``.
        build: makes the problem from a random generator.
        zero: for each array whose gradient has to be zero everywhere, the reason.
        real_only, complex_only: the reason why the complex step, or central differences, cannot be used, or ``""``.
        strict: whether the case is batch-first, as the package is (see ``check_properties``).
        random: whether the forward pass draws random numbers (dropout), so that its values depend on the generator.
    """

    name: str
    build: Callable[[np.random.Generator], Problem]
    zero: dict[str, str] = field(default_factory=dict)
    real_only: str = ""
    complex_only: str = ""
    strict: bool = True
    random: bool = False

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    def problem(self, device: str = "numpy") -> Problem:
        """The problem, the same every time, with its arrays in the given array library."""
        problem = self.build(np.random.default_rng(sum(map(ord, self.name))))
        if device != "numpy":
            move_problem(problem, device)
        return problem

    def check(self, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """All findings of this case, by one method alone if the other cannot be used.

        If all gradients are right, the properties that fail are among the findings.
        """
        findings = check(self.problem(device), self.usable(methods), self.zero)
        if all(finding.ok for finding in findings):
            findings += [finding for outcome in self.properties(device).values() for finding in outcome.findings]
        return findings

    def check_directions(self, count: int, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """The findings along ``count`` random directions through all arrays at once."""
        return check_directions(self.problem(device), count, self.usable(methods))

    def properties(self, device: str = "numpy") -> dict[str, Outcome]:
        """The outcome of each property, by name."""
        method = "central" if self.real_only else "complex"
        return check_properties(lambda: self.problem(device), self.name, method, self.strict)

    def usable(self, methods: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the methods that the case allows, or the only one that it allows."""
        if self.complex_only:
            return ("complex",)
        return ("central",) if self.real_only else methods


CASES: dict[str, Case] = {}


def case(name: str, zero: dict[str, str] | None = None, random: bool = False) -> Callable:
    """Decorator: registers a function from a generator to a ``Problem`` as the case ``name``; for the rest see ``Case``."""

    def register(build: Callable[[np.random.Generator], Problem]) -> Callable:
        if name in CASES:
            raise DataError(f"gradient check {name!r} is registered twice")
        CASES[name] = Case(name, build, zero or {}, random=random)
        return build

    return register


def all_cases() -> dict[str, Case]:
    """Every registered case; imports all modules that register cases."""
    for name in CHECK_MODULES:
        importlib.import_module(name)
    return CASES


def select(names: list[str]) -> list[Case]:
    """The cases with these names, in the order of the register; all cases if the list is empty.

    A name is that of a case, of a family, or of a group of families: ``gru`` selects ``gru-simplified`` and all other
    families that begin with ``gru-``.

    Raises:
        DataError: if a name selects nothing; the message suggests similar names.
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
