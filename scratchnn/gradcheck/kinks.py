"""Kinks told from mistakes: where the function is not differentiable, no gradient can be compared.

Let s = L(x + h e_k) - L(x) and r = L(x) - L(x - h e_k). Where L is smooth, the second difference D(h) = s - r is h^2 L''
with an error of order h^4, so D(h) = 4 D(h/2) = 16 D(h/4). A kink or a jump between x - h e_k and x + h e_k breaks one of
these equations. Then s / h and r / h are the slopes on its two sides, or blends of them, and the true slope lies between.

An entry is left out only if its analytic gradient lies between the two slopes as well: a wrong slope is still refused.
Central differences are blind up to their own step from a kink. The complex step takes the branch of the real number, so it
is exact at any distance from a kink, and only an entry on the kink itself is left out. Both are looked at only after a
gradient has been refused, so a correct smooth function costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scratchnn.backend import Array
from scratchnn.gradcheck.engine import (
    CENTRAL_STEP,
    LIMITS,
    METHODS,
    Finding,
    Reference,
    examine,
    measure,
    relative_error,
    run_once,
)
from scratchnn.gradcheck.problems import Problem

DISTANCE = {"central": CENTRAL_STEP, "complex": 1e-7}  # how near a kink has to be to spoil the method
ROUGH = 0.1  # by how much of D(h) the equations above may fail; a kink fails them by half of it or more
SEEN = 1e-5  # a difference of the two slopes below this part of them is rounding

Along = Callable[[float], list[Array]]  # the outputs at a distance from x along some direction


def check(problem: Problem, methods: tuple[str, ...] = METHODS, zero: dict[str, str] | None = None) -> list[Finding]:
    """Check every array of ``problem`` by each method, in the order of the arrays; entries at kinks are left out."""
    reference = measure(problem, methods)
    findings = examine(problem, reference, zero)
    if all(finding.ok for finding in findings):
        return findings
    leave_out_kinks(problem, reference)
    return examine(problem, reference, zero) if reference.kinks else findings


def leave_out_kinks(problem: Problem, reference: Reference) -> None:
    """Note in ``reference.kinks`` the entries that are wrong only because the function has a kink there."""
    analytic = run_once(problem, reference.cotangents).analytic
    here = [y.copy() for y in problem.run(problem.arrays)[0]]
    for method, numeric in reference.numeric.items():
        for name, gradient in analytic.items():
            if gradient.shape != numeric[name].shape:
                continue
            found = np.zeros(gradient.shape, dtype=bool)
            for index in map(tuple, np.argwhere(relative_error(gradient, numeric[name]) >= LIMITS[method])):
                along = one_entry(problem, name, index)
                slopes = kink(along, here, reference.cotangents, DISTANCE[method], float(abs(gradient).max()))
                found[index] = slopes is not None and between(float(gradient[index]), slopes)
            if found.any():
                reference.kinks[method, name] = found


def one_entry(problem: Problem, name: str, index: tuple[int, ...]) -> Along:
    """The outputs for a change of one entry."""

    def outputs_at(change: float) -> list[Array]:
        moved = problem.arrays[name].copy()
        moved[index] += change
        return problem.run({**problem.arrays, name: moved})[0]

    return outputs_at


def one_sided(along: Along, here: list[Array], cotangents: list[Array], h: float) -> tuple[float, float]:
    """The slopes of the loss below and above x, by differences of step ``h``; ``here`` contains the outputs at x."""

    def slope(step: float) -> float:
        return sum(float((v * (there - y)).sum()) for v, there, y in zip(cotangents, along(step), here, strict=True)) / step

    return slope(-h), slope(h)


def kink(along: Along, here: list[Array], cotangents: list[Array], h: float, scale: float) -> tuple[float, float] | None:
    """The slopes on both sides of a kink or a jump nearer than ``h``, or None if the function is smooth there.

    Args:
        along: the outputs along a direction.
        here: the outputs at x.
        cotangents: one for each output.
        h: the distance.
        scale: the size of the gradient; slopes that differ by a small part of it do not count.
    """

    def second_difference(step: float) -> tuple[float, tuple[float, float]]:
        slopes = one_sided(along, here, cotangents, step)
        return (slopes[1] - slopes[0]) * step, slopes

    whole, slopes = second_difference(h)
    if not np.isfinite(whole) or abs(whole) / h <= SEEN * max(scale, *map(abs, slopes)):
        return None
    rough = [abs(whole - ratio * second_difference(h / part)[0]) > ROUGH * abs(whole) for part, ratio in ((2, 4), (4, 16))]
    return slopes if any(rough) else None


def between(value: float, slopes: tuple[float, float]) -> bool:
    """Whether a gradient lies between the slopes, up to the error of one-sided differences."""
    low, high = min(slopes), max(slopes)
    margin = 1e-3 * (high - low)
    return low - margin <= value <= high + margin
