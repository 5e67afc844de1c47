"""The usual mistakes by their patterns: how a wrong gradient is related to the right one.

    analytic = - numeric                 a sign
    analytic = 2.000 x numeric           a factor
    analytic = numeric / N, N = 5        a mean in place of a sum (and N x numeric, a sum in place of a mean)
    analytic = numeric transposed        dy^T x in place of x^T dy
    analytic = numeric one step early    the gradient of step t + 1 at step t

A pattern is searched for among the wrong entries only: one gate with a wrong sign is recognised among right ones.
"""

from __future__ import annotations

import math

import numpy as np

CLOSE = 1e-5  # relative to the largest entry; central differences are better than that
FEWEST = 2  # one wrong entry is some multiple of any other


def pattern(
    analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray | None = None, sizes: dict[str, int] | None = None
) -> str:
    """How the wrong entries of ``analytic`` are related to ``numeric``, or ``""`` if no pattern is recognised.

    Args:
        analytic, numeric: the two gradients; the shapes may differ, then only a transpose is looked for.
        wrong: which entries are wrong, as an array of booleans.
        sizes: N and T, to name a factor.
    """
    if analytic.ndim > 1 and close(analytic, numeric.T):
        return "analytic = numeric transposed"
    if wrong is None or analytic.shape != numeric.shape or np.count_nonzero(wrong) < FEWEST:
        return ""
    if analytic.ndim > 2 and close(analytic[:, :-1], numeric[:, 1:]):
        return "analytic = numeric one step early"
    if analytic.ndim > 2 and close(analytic[:, 1:], numeric[:, :-1]):
        return "analytic = numeric one step late"
    a, n = analytic[wrong], numeric[wrong]
    ratio = float(a @ n) / float(n @ n) if n.any() else 0.0
    if ratio == 0 or not close(a, ratio * n):
        return ""
    return ("there " if not wrong.all() else "") + f"analytic = {multiple(ratio, sizes or {})}"


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the arrays have one shape and the same finite numbers, not all zero, within ``CLOSE`` of the largest."""
    if a.shape != b.shape or not np.isfinite(a).all() or not np.isfinite(b).all():
        return False
    largest = abs(b).max(initial=0)
    return bool(largest > 0 and (abs(a - b) <= CLOSE * largest).all())


def multiple(ratio: float, sizes: dict[str, int]) -> str:
    """``ratio`` times the numeric gradient, in words; a ratio of N, T or N T, or one over it, is named."""
    named = dict(sizes)
    if {"N", "T"} <= named.keys():
        named["N T"] = named["N"] * named["T"]
    for name, size in named.items():
        if size > 1 and math.isclose(ratio, 1 / size, rel_tol=CLOSE):
            return f"numeric / {size}, and {name} = {size}: a mean in place of a sum?"
        if size > 2 and math.isclose(ratio, size, rel_tol=CLOSE):  # a factor of 2 has many causes
            return f"{ratio:.3f} x numeric, and {name} = {size}: a sum in place of a mean?"
    return "- numeric" if math.isclose(ratio, -1, rel_tol=CLOSE) else f"{ratio:.3f} x numeric"
