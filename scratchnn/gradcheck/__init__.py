"""Gradient checks of every forward and backward pass of the package, by central differences and by the complex step."""

from scratchnn.gradcheck.engine import LIMITS, METHODS, Finding, Reference, examine, measure
from scratchnn.gradcheck.kinks import check
from scratchnn.gradcheck.problems import Problem, function_problem, layer_problem, pair_problem
from scratchnn.gradcheck.registry import CASES, NOT_CHECKED, Case, all_cases, case, select

__all__ = [
    "CASES",
    "LIMITS",
    "METHODS",
    "NOT_CHECKED",
    "Case",
    "Finding",
    "Problem",
    "Reference",
    "all_cases",
    "case",
    "check",
    "examine",
    "function_problem",
    "layer_problem",
    "measure",
    "pair_problem",
    "select",
]
