"""What takes long in a check of every registered case, computed once for all tests: numeric gradients and properties."""

from __future__ import annotations

from functools import cache

from scratchnn.gradcheck import Case, all_cases, measure
from scratchnn.gradcheck.engine import Reference
from scratchnn.gradcheck.problems import Problem
from scratchnn.gradcheck.properties import Outcome

check_all_properties = Case.properties  # also while a test has replaced it


@cache
def reference(name: str) -> Reference:
    """The cotangents of a case, and the numeric gradients that the complex step gives."""
    return measure(all_cases()[name].problem(), ("complex",))


def measured(name: str, problem: Problem, methods: tuple[str, ...]) -> Reference:
    """``measure`` of the problem of a case; what the complex step gives comes from ``reference``."""
    known = reference(name)
    numeric = {m: (known if m == "complex" else measure(problem, (m,))).numeric[m] for m in methods}
    return Reference(known.cotangents, numeric)


@cache
def properties(name: str) -> dict[str, Outcome]:
    """The outcomes of all properties of a case."""
    return check_all_properties(all_cases()[name])
