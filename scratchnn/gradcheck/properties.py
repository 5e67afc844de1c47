"""Properties that correct gradients do not imply, checked for every registered case and for the reader's own code.

    bits          a second run returns the same outputs and gradients, bit by bit
    None          a cotangent of None, for an output that no loss depends on, equals a cotangent of zeros
    layout        strided, Fortran-ordered and reversed arrays give the results of contiguous ones
    linear        backward(2 v - 3 w) = 2 backward(v) - 3 backward(w)
    N = 1         one sequence: outputs and gradients are finite, and the gradients right along a random direction
    T = 1         one step: the same
    lengths 0     all sequences empty: the same

The check of a case reports a property only if it fails. A property may not apply: then ``Outcome`` says why, in two words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scratchnn.backend import Array, array_module, to_numpy
from scratchnn.errors import ScratchnnError
from scratchnn.gradcheck import axes
from scratchnn.gradcheck.directions import compare_slopes, direction
from scratchnn.gradcheck.engine import Finding, draw_cotangents, run_once, unlike
from scratchnn.gradcheck.problems import Arrays, Problem

REFUSED = "refused"  # an error in place of a result
EDGES = {"N = 1": axes.one_sequence, "T = 1": axes.one_step, "lengths 0": axes.no_steps}
PROPERTIES = ("bits", "None", "layout", "linear", *EDGES)

# Cases whose shape belongs to what they check; by name of the family or of the case.
FIXED_SHAPE = {
    ("nnlm", "T = 1"): "its order fixes the number of words",
    ("skip-gram-block", "N = 1"): "its counts belong to three centres",
    ("cbow-block", "N = 1"): "its weights belong to six words",
    ("lstm/many-units", "N = 1"): "its weights have as many rows as it has sequences",
    ("conv1d/step", "T = 1"): "its window has as many steps as its kernel",
    ("conv2d/step", "T = 1"): "its window has as many places as its kernel",
    ("forecaster", "T = 1"): "its windows have as many steps as it was built for",
    ("picture-encoder", "T = 1"): "its pictures have at least one region",
    ("captioner", "T = 1"): "its pictures have the size that it was built for",
    ("head-loss", "T = 1"): "its scores have one row more than there are words; one-word is a case by itself",
}


@dataclass
class Outcome:
    """Whether a property holds: it does if there are no findings, unless ``reason`` says why it does not apply."""

    reason: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def word(self) -> str:
        """``"FAIL"``, the reason, or ``"ok"``."""
        return "FAIL" if self.findings else self.reason or "ok"


def check_properties(build: Callable[[], Problem], name: str = "", method: str = "complex", strict: bool = True) -> dict:
    """The outcome of each of ``PROPERTIES``, by name.

    Args:
        build: makes the problem; called again for each of the last three, which change it.
        name: the name of the case, to look up exceptions.
        method: the method for the last three, ``"central"`` or ``"complex"``.
        strict: whether an error at N = 1, T = 1 or lengths 0 is a failure. It is for the package, whose arrays are
            batch-first; the axes of a reader's arrays are a guess, and if an error or the outputs show that axis 0 is no
            batch, the property does not apply.
    """
    problem = build()
    cotangents = draw_cotangents(problem)
    outputs, gradients = results(problem, problem.arrays, cotangents)
    found = {
        "bits": same_bits(problem, cotangents, outputs, gradients),
        "None": none_is_zero(problem, cotangents),
        "layout": any_layout(problem, cotangents, outputs, gradients),
        "linear": linear(problem, cotangents, gradients),
    }
    for edge, restrict in EDGES.items():
        excused = {(name, edge), (name.partition("/")[0], edge)} & FIXED_SHAPE.keys()
        found[edge] = Outcome("fixed") if excused else at_edge(build(), edge, restrict, method, strict)
        if edge == "N = 1" and found[edge].findings and not strict and not batched(build()):
            found[edge] = Outcome(axes.NO_BATCH)
    return found


def results(problem: Problem, arrays: Arrays, cotangents: list[Array]) -> tuple[Arrays, Arrays]:
    """Outputs and gradients by name, in host memory, for copies of the cotangents."""
    outputs, pull = problem.run(arrays)
    named = {f"output {k}": to_numpy(y).copy() for k, y in enumerate(outputs)}
    gradients = pull([v if v is None else v.copy() for v in cotangents])
    return named, {name: to_numpy(gradient).copy() for name, gradient in gradients.items()}


def same_bits(problem: Problem, cotangents: list[Array], outputs: Arrays, gradients: Arrays) -> Outcome:
    """A second run returns the same bits."""
    again = results(problem, problem.arrays, cotangents)
    note = "a second run with the same arrays returns other bits"
    found = []
    for second, first in zip(again, (outputs, gradients), strict=True):
        for name, array in second.items():
            if not np.array_equal(array, first[name], equal_nan=True):
                found += unlike(name, array, first[name], "bits", note, limit=0.0)
    return Outcome(findings=found)


def none_is_zero(problem: Problem, cotangents: list[Array]) -> Outcome:
    """None in place of the cotangents of one output at a time; code may refuse it, but must not compute anything else."""
    counts = list(problem.outputs)
    if len(counts) < 2:
        return Outcome("1 output")
    found, refused = [], False
    for k, count in enumerate(counts):
        start = sum(counts[:k])
        own = range(start, start + count)
        try:
            _, missing = results(problem, problem.arrays, [None if j in own else v for j, v in enumerate(cotangents)])
        except Exception:  # code that does not take None may raise anything
            refused = True
            continue
        _, zeros = results(problem, problem.arrays, [0 * v if j in own else v for j, v in enumerate(cotangents)])
        note = f"None as the cotangent of output {k} is not the same as zeros"
        for name, gradient in missing.items():
            found += unlike(name, gradient, zeros[name], "None", note)
    return Outcome(REFUSED if refused else "", found)


def any_layout(problem: Problem, cotangents: list[Array], outputs: Arrays, gradients: Arrays) -> Outcome:
    """Arrays and cotangents with the same numbers but another layout in memory."""
    found = []
    for kind, laid_out in LAYOUTS.items():
        arrays = {name: laid_out(array) for name, array in problem.arrays.items()}
        other_outputs, pull = problem.run(arrays)
        other = {f"output {k}": y for k, y in enumerate(other_outputs)}
        note = f"{kind} arrays give other results than contiguous ones"
        for name, array in other.items():
            found += unlike(name, to_numpy(array), outputs[name], "layout", note)
        for name, gradient in pull([laid_out(v) for v in cotangents]).items():
            found += unlike(name, to_numpy(gradient), gradients[name], "layout", note)
    return Outcome(findings=found)


def strided(array: Array) -> Array:
    """Every second entry along the last axis of a larger array."""
    if not array.ndim:
        return array.copy()
    larger = array_module(array).zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
    larger[..., ::2] = array
    return larger[..., ::2]


def reversed_axes(array: Array) -> Array:
    """A view that runs backwards through memory along each axis."""
    back = (slice(None, None, -1),) * array.ndim
    return array[back].copy()[back] if array.ndim else array.copy()


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "strided": strided,
    "Fortran-ordered": lambda array: array_module(array).asfortranarray(array) if array.ndim else array.copy(),
    "reversed": reversed_axes,
}


def linear(problem: Problem, cotangents: list[Array], gradients: Arrays) -> Outcome:
    """Backward of a sum is the sum of backwards, for other random cotangents."""
    rng = np.random.default_rng(4)
    others = [array_module(v).asarray(rng.standard_normal(v.shape)) for v in cotangents]
    _, of_others = results(problem, problem.arrays, others)
    _, of_sum = results(problem, problem.arrays, [2 * v - 3 * w for v, w in zip(cotangents, others, strict=True)])
    note = "backward is not linear in the cotangent"
    found = []
    for name, gradient in of_sum.items():
        found += unlike(name, gradient, 2 * gradients[name] - 3 * of_others[name], "linear", note)
    return Outcome(findings=found)


def at_edge(problem: Problem, edge: str, restrict: Callable[[Problem], str], method: str, strict: bool) -> Outcome:
    """Finite outputs and right gradients of the restricted problem; an error of the package is a clear refusal."""
    if reason := restrict(problem):
        return Outcome(reason)
    try:
        with np.errstate(all="ignore"):  # results that are not finite are findings
            return Outcome(findings=edge_findings(problem, edge, method))
    except ScratchnnError:
        return Outcome(REFUSED)
    except Exception as error:  # the code at this size may raise anything
        if not strict:
            return Outcome("raises")
        nothing = float("nan")
        return Outcome(findings=[Finding("run", (), edge, nothing, (), nothing, nothing, False, f"{edge}: {error!r}")])


def batched(problem: Problem) -> bool:
    """Whether the outputs have one row for one sequence, if they had N for N."""
    N = axes.batch_size(problem)
    before = [y.shape for y in problem.run(problem.arrays)[0]]
    axes.one_sequence(problem)
    after = [y.shape for y in problem.run(problem.arrays)[0]]
    return not any(len(a) > 0 and a[0] == N != 1 and a == b for a, b in zip(before, after, strict=True))


def edge_findings(problem: Problem, edge: str, method: str) -> list[Finding]:
    """What is wrong with the restricted problem."""
    cotangents = draw_cotangents(problem)
    trial = run_once(problem, cotangents)
    found = []
    for name, gradient in trial.analytic.items():
        if gradient.shape != problem.arrays[name].shape:
            note = f"{edge}: the gradient has shape {gradient.shape}, the array {problem.arrays[name].shape}"
            found.append(Finding(name, gradient.shape, edge, np.inf, (), np.nan, np.nan, False, note))
    if found:
        return found
    u = direction(problem.arrays, np.random.default_rng(5))
    finding = compare_slopes(problem, cotangents, trial.analytic, u, method, "direction")
    if not finding.ok:
        finding.method, finding.note = edge, f"{edge}: {finding.note}"
        found.append(finding)
    return found
