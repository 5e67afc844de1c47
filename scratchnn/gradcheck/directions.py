"""Gradient checks of arrays of real size: along a few random directions through all arrays at once.

A direction u has one array u_A for each array A of the problem. The gradients (1) of ``engine`` give the slope of L along
u, and one or two forward passes give it again, whatever the number of entries:

    sum_A sum(a_A * u_A)  =  d/ds L(x + s u) at s = 0                                                              (4)

The entries of u_A are normal with the size of the entries of A, so that a step changes all arrays by the same part. The
error is relative to the larger of both slopes, or to a thousandth of sqrt(sum (a u)^2), the usual size of (4).

What a direction can miss: an error below the limit as a part of the whole slope, such as a single slightly wrong entry
among millions; and code that these shapes do not reach. What it cannot do: name the entry. If a direction fails, each
array is checked along a direction of its own, to name the array.
"""

from __future__ import annotations

import math

import numpy as np

from scratchnn.backend import Array, array_module, to_numpy
from scratchnn.gradcheck.engine import (
    CENTRAL_STEP,
    COMPLEX_STEP,
    LIMITS,
    METHODS,
    Finding,
    draw_cotangents,
    run_once,
    side_effects,
)
from scratchnn.gradcheck.problems import Arrays, Problem


def check_directions(problem: Problem, count: int, methods: tuple[str, ...] = METHODS) -> list[Finding]:
    """Compare both sides of (4) along ``count`` random directions by each method; if all agree, look for side effects.

    Returns:
        One finding per direction and method, of the shape (number of entries,). If one fails, one finding per array and
        method follows.
    """
    cotangents = draw_cotangents(problem)
    trial = run_once(problem, cotangents)
    for name, gradient in trial.analytic.items():
        if gradient.shape != (shape := problem.arrays[name].shape):
            note = f"the gradient has shape {gradient.shape}, the array {shape}"
            return [Finding(name, shape, method, math.inf, (), math.nan, math.nan, False, note) for method in methods]
    rng = np.random.default_rng(3)
    findings = []
    for k in range(count):
        u = direction(problem.arrays, rng)
        findings += [compare_slopes(problem, cotangents, trial.analytic, u, m, f"direction {k + 1}") for m in methods]
    if all(finding.ok for finding in findings):
        return findings + side_effects(problem, cotangents, trial)
    for name, u_A in direction(problem.arrays, rng).items():
        findings += [compare_slopes(problem, cotangents, trial.analytic, {name: u_A}, m, name) for m in methods]
    return findings


def direction(arrays: Arrays, rng: np.random.Generator) -> Arrays:
    """Normal numbers of the size of each array's own entries."""
    u = {}
    for name, array in arrays.items():
        entries = to_numpy(array)
        size = float(np.sqrt(np.mean(entries**2, where=np.isfinite(entries)))) if entries.size else 1.0
        u[name] = array_module(array).asarray((size or 1.0) * rng.standard_normal(array.shape))
    return u


def slope(problem: Problem, cotangents: list[Array], u: Arrays, method: str, h: float = CENTRAL_STEP) -> float:
    """The right-hand side of (4) by the method ``"central"`` with step ``h``, or ``"complex"``."""

    def outputs_at(change: complex) -> list[Array]:
        moved = {name: problem.arrays[name] + change * u_A for name, u_A in u.items()}
        return problem.run({**problem.arrays, **moved})[0]

    if method == "complex":
        terms = [float((v * y.imag).sum()) for v, y in zip(cotangents, outputs_at(1j * COMPLEX_STEP), strict=True)]
        return sum(terms) / COMPLEX_STEP
    pairs = zip(cotangents, [y.copy() for y in outputs_at(h)], outputs_at(-h), strict=True)
    return sum(float((v * (above - below)).sum()) for v, above, below in pairs) / (2 * h)


def compare_slopes(
    problem: Problem, cotangents: list[Array], gradients: dict[str, np.ndarray], u: Arrays, method: str, name: str
) -> Finding:
    """Both sides of (4) for the direction ``u``, which need not have all arrays."""
    terms = [gradients[key] * to_numpy(u_A) for key, u_A in u.items()]
    shape = problem.arrays[name].shape if name in u else (sum(term.size for term in terms),)
    analytic, numeric = float(sum(term.sum() for term in terms)), slope(problem, cotangents, u, method)
    usual = math.sqrt(sum(float((term * term).sum()) for term in terms))
    scale = max(abs(analytic), abs(numeric), usual / 1000)
    error = abs(analytic - numeric) / (scale or 1.0) if math.isfinite(analytic) and math.isfinite(numeric) else math.inf
    note = ""
    if not math.isfinite(analytic):
        note = "the gradient is not finite"
    elif not math.isfinite(numeric):
        note = "the forward pass is not finite"
    elif error >= LIMITS[method]:
        note = "the slopes along this direction differ"
    return Finding(name, shape, method, error, (), analytic, numeric, not note, note)
