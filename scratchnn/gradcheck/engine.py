"""Gradient checks: is the backward pass the derivative of the forward pass?

Let y = f(x) with Jacobian J, and let v be a random cotangent of the shape of y. A backward pass claims to compute

    a = J^T v,   which is the gradient of the scalar  L(x) = sum(v * f(x))                                         (1)

The forward pass alone gives the same gradient, one entry x_k at a time:

    central differences     n_k = (L(x + h e_k) - L(x - h e_k)) / 2h         error O(h^2), plus rounding / h       (2)
    complex step            n_k = Im L(x + i h e_k) / h,  h = 1e-20          no subtraction, so no cancellation    (3)

The complex step is due to Squire and Trapp (1998). The error of entry k is |a_k - n_k| / max(|a_k|, |n_k|, max|a| / 1000).

Random cotangents are necessary: with v = 1 everywhere, the gradient of a softmax is zero, and a backward pass that returns
zeros would pass. Random biases are necessary too: at b = 0, some wrong gradients of a bias are right. A gradient that is
zero everywhere proves nothing, so it fails unless the case gives a reason.

Where f has a kink, neither method is defined, and central differences are wrong up to a distance of h. Entries at a kink
are left out, and the finding says so (``kinks``).

Correct numbers are not enough. A backward pass must not write into its arguments (cotangents, inputs, outputs, the cache),
and a layer has to add to the gradients of its parameters, not replace them. Both are checked as well. Further properties
are in ``properties``; arrays too large for one entry at a time are checked along random directions (``directions``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from scratchnn.backend import Array, array_module, to_numpy
from scratchnn.gradcheck import axes
from scratchnn.gradcheck.patterns import pattern
from scratchnn.gradcheck.problems import Arrays, Problem, Pull

LIMITS = {"central": 1e-6, "complex": 1e-11}
METHODS = tuple(LIMITS)
CENTRAL_STEP = 2e-5  # close to the optimum: truncation grows with h^2, rounding with 1 / h
COMPLEX_STEP = 1e-20
SAME = 1e-11  # relative; sums of the same numbers in a different order may differ by this much


@dataclass
class Finding:
    """The result of checking one array by one method; ``where`` is the index of the entry with the largest error."""

    array: str
    shape: tuple[int, ...]
    method: str
    error: float
    where: tuple[int, ...]
    analytic: float
    numeric: float
    ok: bool
    note: str = ""


@dataclass
class Reference:
    """Everything that does not depend on the backward pass: random cotangents, and the numeric gradients.

    Attributes:
        cotangents: one for each output.
        numeric: the gradients by method, then by array.
        kinks: for the method and the array, the entries to leave out, as an array of booleans.
    """

    cotangents: list[Array]
    numeric: dict[str, dict[str, np.ndarray]]
    kinks: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)


@dataclass
class Trial:
    """One forward and one backward pass on copies of the arrays, and everything that backward must not write into.

    Attributes:
        values: the arrays that the forward pass has read.
        pull: the backward pass.
        watched, before: arrays that backward must not write into, by name; their copies from before.
        analytic: the gradients in host memory.
    """

    values: Arrays
    pull: Pull
    watched: Arrays
    before: Arrays
    analytic: dict[str, np.ndarray]


# --- numeric gradients, from the forward pass alone -------------------------------------------------------------------


def draw_cotangents(problem: Problem) -> list[Array]:
    """A random cotangent for each output, the same every time."""
    rng = np.random.default_rng(1)
    outputs, _ = problem.run(problem.arrays)
    return [array_module(y).asarray(rng.standard_normal(y.shape)) for y in outputs]


def numeric_gradients(problem: Problem, cotangents: list[Array], method: str) -> dict[str, np.ndarray]:
    """The gradient with respect to each array by the method ``"central"``, equation (2), or ``"complex"``, equation (3)."""
    found = {}
    for name, array in problem.arrays.items():
        gradient = np.zeros(array.shape)
        for index in np.ndindex(*array.shape):

            def outputs_at(change: complex, name: str = name, index: tuple[int, ...] = index) -> list[Array]:
                moved = problem.arrays[name].astype(complex if isinstance(change, complex) else float)
                moved[index] += change
                return problem.run({**problem.arrays, name: moved})[0]

            if method == "complex":
                terms = [float((v * y.imag).sum()) for v, y in zip(cotangents, outputs_at(1j * COMPLEX_STEP), strict=True)]
                gradient[index] = sum(terms) / COMPLEX_STEP
            else:
                pairs = zip(cotangents, outputs_at(CENTRAL_STEP), outputs_at(-CENTRAL_STEP), strict=True)
                terms = [float((v * (above - below)).sum()) for v, above, below in pairs]
                gradient[index] = sum(terms) / (2 * CENTRAL_STEP)
        found[name] = gradient
    return found


def measure(problem: Problem, methods: tuple[str, ...] = METHODS) -> Reference:
    """Random cotangents, and for each method the numeric gradients."""
    cotangents = draw_cotangents(problem)
    return Reference(cotangents, {method: numeric_gradients(problem, cotangents, method) for method in methods})


# --- the backward pass, compared with them ----------------------------------------------------------------------------


def compare(
    name: str,
    analytic: np.ndarray,
    numeric: np.ndarray,
    method: str,
    zero: str = "",
    kinks: np.ndarray | None = None,
    sizes: dict[str, int] | None = None,
) -> Finding:
    """The largest relative error of the gradient with respect to one array, and its position.

    Args:
        name: the name of the array.
        analytic, numeric: the two gradients.
        method: ``"central"`` or ``"complex"``; determines the limit.
        zero: the reason why this gradient is zero everywhere, if it has to be.
        kinks: which entries to leave out, because the function has a kink there; none if None.
        sizes: N and T of the problem, to recognise a mean in place of a sum.
    """
    if analytic.shape != numeric.shape:
        note = f"the gradient has shape {analytic.shape}, the array {numeric.shape}"
        if found := pattern(analytic, numeric):
            note += f"; {found}"
        return Finding(name, numeric.shape, method, math.inf, (), math.nan, math.nan, False, note)
    left_out = ""
    if kinks is not None:
        left_out = f"{np.count_nonzero(kinks)} of {kinks.size} entries left out: the function has a kink there"
        if kinks.all():
            left_out += "; nothing was checked, so use another example"
            return Finding(name, numeric.shape, method, 0.0, (), math.nan, math.nan, False, left_out)
        analytic, numeric = np.where(kinks, 0, analytic), np.where(kinks, 0, numeric)
    if not analytic.any() and not numeric.any():
        note = f"zero: {zero}" if zero else "zero everywhere: nothing was checked"
        return Finding(name, numeric.shape, method, 0.0, (0,) * numeric.ndim, 0.0, 0.0, bool(zero), note)
    error = relative_error(analytic, numeric)
    where = tuple(int(k) for k in np.unravel_index(int(error.argmax()), error.shape))
    worst = float(error[where])
    wrong = error >= LIMITS[method]
    note = scope(wrong)
    if zero:
        note = f"expected to be zero ({zero}) but is not"
    elif not np.isfinite(analytic[where]):
        note = "the gradient is not finite"
    elif not np.isfinite(numeric[where]):
        note = "the forward pass is not finite"
    elif not analytic.any():
        note = "the backward pass returns zero everywhere"
    elif not numeric.any():
        note = "the outputs do not depend on this array"
    elif analytic.dtype != np.float64:
        note = f"the backward pass returns {analytic.dtype}, not float64"
    elif found := pattern(analytic, numeric, wrong, sizes):
        note += f"; {found}"
    ok = worst < LIMITS[method] and not zero
    values = float(analytic[where]), float(numeric[where])
    return Finding(name, numeric.shape, method, worst, where, *values, ok, left_out if ok else note)


def scope(wrong: np.ndarray) -> str:
    """How many entries are wrong, and in which part of the array: ``6 of 24 entries wrong, all in [:,3-5]``."""
    parts = []
    for axis in range(wrong.ndim):
        found = np.flatnonzero(wrong.any(axis=tuple(k for k in range(wrong.ndim) if k != axis)))
        if len(found) == wrong.shape[axis]:
            parts.append(":")
        elif len(found) > 1 and found[-1] - found[0] == len(found) - 1:
            parts.append(f"{found[0]}-{found[-1]}")
        else:
            parts.append("+".join(map(str, found)))
    within = "" if set(parts) <= {":"} else f", all in [{','.join(parts)}]"
    return f"{np.count_nonzero(wrong)} of {wrong.size} entries wrong{within}"


def relative_error(analytic: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """The relative error of each entry; infinite where either gradient is not finite."""
    finite = np.isfinite(analytic) & np.isfinite(numeric)
    a, n = np.where(finite, analytic, 0), np.where(finite, numeric, 0)
    scale = np.maximum(np.maximum(abs(a), abs(n)), abs(a).max() / 1000)
    return np.where(finite, abs(a - n) / np.where(scale > 0, scale, 1), math.inf)


def run_once(problem: Problem, cotangents: list[Array]) -> Trial:
    """Run forward and backward once."""
    given = [v.copy() for v in cotangents]
    values = {name: array.copy() for name, array in problem.arrays.items()}
    outputs, pull = problem.run(values)
    watched = {f"cotangent {k}": v for k, v in enumerate(given)}
    watched |= {f"output {k}": y for k, y in enumerate(outputs) if y.ndim}  # a scalar cannot be written into
    watched |= values
    before = {name: array.copy() for name, array in watched.items()}
    gradients = pull(given)
    return Trial(values, pull, watched, before, {name: to_numpy(gradients[name]).copy() for name in problem.arrays})


def examine(problem: Problem, reference: Reference, zero: dict[str, str] | None = None) -> list[Finding]:
    """Run the backward pass and compare all gradients by all methods; if they agree, look for forbidden side effects."""
    trial = run_once(problem, reference.cotangents)
    sizes = axes.sizes(problem)
    findings = [
        compare(
            name,
            trial.analytic[name],
            numeric[name],
            method,
            (zero or {}).get(name, ""),
            reference.kinks.get((method, name)),
            sizes,
        )
        for name in problem.arrays
        for method, numeric in reference.numeric.items()
    ]
    if not all(finding.ok for finding in findings):
        return findings
    return findings + side_effects(problem, reference.cotangents, trial)


def side_effects(problem: Problem, cotangents: list[Array], trial: Trial) -> list[Finding]:
    """What a backward pass must not do: write into its arguments or its cache, replace the gradient of a parameter."""
    findings = []
    for name, array in trial.watched.items():
        findings += unlike(name, to_numpy(array), to_numpy(trial.before[name]), "written", "backward writes into it")
    if problem.pure:
        for name, gradient in trial.pull([v.copy() for v in cotangents]).items():
            again = "a second backward with the same cache returns another gradient: the first one writes into the cache"
            findings += unlike(name, to_numpy(gradient), trial.analytic[name], "repeated", again)
    if problem.run_twice is not None:
        twice = problem.run_twice(trial.values, [v.copy() for v in cotangents])
        for name, gradient in twice.items():
            replaced = "two backward passes do not double the gradient: add to it, do not replace it"
            findings += unlike(name, to_numpy(gradient), 2 * trial.analytic[name], "twice", replaced)
    return findings


def unlike(
    name: str, found: np.ndarray, expected: np.ndarray, method: str, note: str, limit: float = SAME
) -> list[Finding]:
    """A finding with that note unless both arrays contain the same numbers, up to a relative error of ``limit``."""
    if found.shape != expected.shape:
        return [Finding(name, expected.shape, method, math.inf, (), math.nan, math.nan, False, note)]
    if found.size == 0 or np.array_equal(found, expected, equal_nan=True):
        return []
    error = relative_error(found, expected)
    where = tuple(int(k) for k in np.unravel_index(int(error.argmax()), error.shape))
    if error[where] < limit:
        return []
    values = float(error[where]), where, float(found[where]), float(expected[where])
    return [Finding(name, expected.shape, method, *values, False, note)]
