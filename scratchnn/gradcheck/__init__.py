"""Gradient checks by central differences and by the complex step, for every forward and backward pass of the package."""

from scratchnn.gradcheck.engine import Finding, Problem, check, function_problem, layer_problem, pair_problem
from scratchnn.gradcheck.registry import CASES, NOT_CHECKED, Case, all_cases, case, select

__all__ = [
    "CASES",
    "NOT_CHECKED",
    "Case",
    "Finding",
    "Problem",
    "all_cases",
    "case",
    "check",
    "function_problem",
    "layer_problem",
    "pair_problem",
    "select",
]
