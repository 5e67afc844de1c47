"""A test of the gradient check: one small mistake at a time is planted in every backward pass, and the check refuses it."""

import contextlib
import importlib
import pkgutil
import sys
import time
from collections import Counter
from pathlib import Path

import every_case
import numpy as np
import pytest

import scratchnn
from scratchnn import functions as F
from scratchnn.backend import BufferPool
from scratchnn.core import Layer
from scratchnn.gradcheck import examine, select
from scratchnn.gradcheck.directions import check_directions
from scratchnn.gradcheck.properties import none_is_zero
from scratchnn.layers import LayerNorm
from scratchnn.lesson.faults import called, is_backward_pass, mutants, package_functions, qualified_name
from scratchnn.recurrent import LSTM, lstm_backward

# Mutants with which every case runs and which compute the same values, with the proof. No other mutant may survive.
SURVIVORS: dict[str, str] = {}

SAMPLE = 100  # mutants for the check along directions

# Functions that run in backward passes only but are no backward passes; each has its own tests.
NOT_BACKWARD = {
    "backend.scatter.sum_rows": "it has one branch per array library, and only one library is installed",
    "backend.scatter.scatter_add": "it has one branch per array library, and only one library is installed",
    "core.parameter.Parameter.dense_gradient": "the check itself reads gradients with it",
    "recurrent.tuning.pieces": "any division of the steps into pieces gives the same numbers",
    "recurrent.tuning.product_back": "both arrangements in memory give the same numbers",
}


# --- the mutation test -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def scratch_arrays_of_nan():
    """A mutant that leaves a scratch array empty could otherwise find the numbers of an earlier call there."""
    remove = BufferPool._remove

    def remove_and_fill(*arguments):
        buffer = remove(*arguments)
        buffer.fill(np.nan)
        return buffer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BufferPool, "_remove", remove_and_fill)
        yield


@pytest.fixture(scope="module")
def cases(scratch_arrays_of_nan):
    """Every case with its numeric gradients, computed once, because no mutant changes a forward pass."""
    return [(case, every_case.reference(case.name)) for case in select([])]


@pytest.fixture(scope="module")
def reached(cases):
    """The cases that run each backward pass and each function that runs in backward passes only."""
    for module in pkgutil.walk_packages(scratchnn.__path__, "scratchnn."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    forward, backward = set(), {}
    for case, reference in cases:
        problem = case.problem()
        forward |= called(problem.run, problem.arrays)
        _, pull = problem.run(problem.arrays)
        for code in called(pull, reference.cotangents):
            backward.setdefault(code, []).append((case, reference))
    found = {}
    for function in package_functions():
        helper = function.__code__ in backward and function.__code__ not in forward
        own_tests = qualified_name(function) in NOT_BACKWARD or function.__module__ == "scratchnn.core.tree"
        if is_backward_pass(function) or (helper and not own_tests):
            found[function] = backward.get(function.__code__, [])
    return found


def fate(mutant, cases):
    """The fate of a mutant: ``"refused"`` by a case, ``"crashed"`` in one, or ``"survived"`` all."""
    with mutant.apply(), np.errstate(all="ignore"):
        for case, reference in cases:
            try:
                findings = examine(case.problem(), reference, case.zero)
            except Exception:  # the mistake may raise anything
                return "crashed"
            if not all(finding.ok for finding in findings):
                return "refused"
        for case, reference in cases:  # above, no cotangent was None
            problem = case.problem()
            problem.run(problem.arrays)  # counts the outputs
            try:
                outcome = none_is_zero(problem, reference.cotangents)
            except Exception:  # the mistake may raise anything
                return "crashed"
            if outcome.word not in ("ok", "1 output"):
                return "refused"
    return "survived"


def test_every_backward_pass_is_reached(reached):
    missing = [qualified_name(f) for f, cases in reached.items() if not cases and mutants(f)]
    assert missing == []


def test_gradient_check_refuses_every_mutant(cases, reached, capsys):
    start = time.perf_counter()
    fates, survivors = Counter(), {}
    for function, cases in reached.items():
        for mutant in mutants(function) if cases else []:  # a function that no case reaches fails the test above
            outcome = fate(mutant, cases)
            fates[outcome] += 1
            if outcome == "survived":
                survivors[mutant.name] = f"{mutant.file}:{mutant.line}, {mutant.kind}"
    broken = [case.name for case, right in cases if not all(f.ok for f in examine(case.problem(), right, case.zero))]
    assert broken == []  # a mutant that leaves something behind would make the fates of all later ones meaningless
    counts = ", ".join(f"{fates[outcome]} {outcome}" for outcome in ("refused", "crashed", "survived"))
    with capsys.disabled():
        seconds = time.perf_counter() - start
        print(f"\n{sum(fates.values())} mutants of {len(reached)} functions: {counts} ({seconds:.0f} s)")
    assert fates["refused"] > 800
    assert {name: place for name, place in survivors.items() if name not in SURVIVORS} == {}
    assert [name for name in SURVIVORS if name not in survivors] == []


def test_directions_refuse_what_entries_refuse(reached):
    """A random sample of the mutants that the check entry by entry refuses is refused along three directions as well."""
    tried, rng = 0, np.random.default_rng(0)
    found = [(mutant, cases) for function, cases in reached.items() for mutant in mutants(function) if cases]
    for k in rng.permutation(len(found)):
        mutant, cases = found[k]
        with mutant.apply(), np.errstate(all="ignore"):
            case = next((case for case, reference in cases if refused(case, reference)), None)
            if case is None:
                continue
            findings = check_directions(case.problem(), 3, ("complex",))
        assert not all(finding.ok for finding in findings), f"{mutant.name} in {case.name}"
        tried += 1
        if tried == SAMPLE:
            return
    pytest.fail(f"only {tried} mutants")


def refused(case, reference):
    """Whether the check entry by entry refuses the present code by its numbers, in a case that runs."""
    try:
        return not all(finding.ok for finding in examine(case.problem(), reference, case.zero))
    except Exception:  # the mistake may raise anything
        return False


def test_the_book_has_no_functions_to_break(reached):
    assert "scratchnn.book.exercises.ch01" in sys.modules
    names = {qualified_name(function) for function in package_functions()}
    assert "lesson.faults.package_functions" in names
    assert not [name for name in names if name.startswith("book.")]


def test_helpers_of_backward_passes_are_among_them(reached):
    names = {qualified_name(function) for function in reached}
    assert {"losses._spread", "core.parameter.Parameter.accumulate", "recurrent.lstm.LSTM.add_to_hidden"} <= names


# --- the mutants -----------------------------------------------------------------------------------------------------


def lines(function):
    """The line of every mutant after the change."""
    return [mutant.mutated for mutant in mutants(function)]


def test_mutants_of_one_line():
    assert lines(F.tanh_backward) == [
        "return (1 - y * y)  # (2)",
        "return dy  # (2)",
        "return dy * (-y * y)  # (2)",
        "return dy * (1)  # (2)",
        "return dy * (y * y)  # (2)",
        "return dy * (1 + y * y)  # (2)",
        "return dy * (1 - y)  # (2)",
    ]


def signs_backward(dy, pad):
    return -(-dy // 2) if not (pad) else -dy


def test_signs_before_parentheses():
    assert lines(signs_backward)[:2] == [
        "return (-dy // 2) if not (pad) else -dy",
        "return -(dy // 2) if not (pad) else -dy",
    ]
    assert "return -(-dy // 2) if (pad) else -dy" in lines(signs_backward)
    for mutant in mutants(signs_backward):
        with mutant.apply():  # each is Python
            signs_backward(1, True)


def sample_backward(dy, cache):
    """Documentation - not code."""
    x, W, pad, out = cache
    if dy.shape != x.shape:
        raise ValueError(f"{dy.shape} - {x.shape}")
    for t in reversed(range(3)):
        out[t] = dy[:, t] @ W.T  # (1)
        out[t] += x[1:][t] * ~pad  # (2), (3)
    np.copyto(out, x, where=pad)
    total = (
        out  # (4)
        - x
    )
    return np.where(pad > 0, total, -dy).transpose(1, 0, 2)


@pytest.mark.parametrize(
    "expected",
    [
        "for t in (range(3)):",
        "out[t] = dy[:, t] @ W  # (1)",
        "out[t] = dy[:, t].T @ W.T  # (1)",
        "out[t] = dy[:, t - 1] @ W.T  # (1)",
        "out[t + 1] = dy[:, t] @ W.T  # (1)",
        "pass  # (1)",
        "out[t] -= x[1:][t] * ~pad  # (2), (3)",
        "out[t] = x[1:][t] * ~pad  # (2), (3)",
        "out[t] += x[:-1][t] * ~pad  # (2), (3)",
        "out[t] += x[1:][t] * pad  # (2), (3)",
        "out[t] += ~pad  # (2), (3)",
        "pass  # (2), (3)",
        "np.copyto(out, x, where=~(pad))",
        "pass",
        "+ x",
        "return np.where(pad < 0, total, -dy).transpose(1, 0, 2)",
        "return np.where(pad > 0, -dy, total).transpose(1, 0, 2)",
        "return np.where(pad > 0, total, dy).transpose(1, 0, 2)",
        "return (total).transpose(1, 0, 2)",
        "return np.where(pad > 0, total, -dy)",
    ],
)
def test_kinds_of_mutants(expected):
    assert expected in lines(sample_backward)


def test_error_messages_and_documentation_are_left_alone():
    first = sample_backward.__code__.co_firstlineno
    assert min(mutant.line for mutant in mutants(sample_backward)) == first + 5


def test_mutants_know_their_equations():
    found = {mutant.mutated: mutant.equations for mutant in mutants(sample_backward)}
    assert found["pass  # (2), (3)"] == (2, 3)
    assert found["+ x"] == (4,)  # the comment is on another line of the statement
    assert found["pass"] == ()


@pytest.mark.parametrize(
    "function", [lstm_backward, LSTM.run_backward, LSTM.zero_state, LayerNorm.backward, F.clip_backward]
)
def test_every_mutant_compiles_with_its_line_numbers(function):
    right = function.__code__
    file = Path(right.co_filename).read_text(encoding="utf-8").splitlines()
    for mutant in mutants(function):
        code = mutant.compiled()
        assert (code.co_filename, code.co_freevars) == (right.co_filename, right.co_freevars)
        assert code.co_firstlineno == right.co_firstlineno
        assert file[mutant.line - 1].strip() == mutant.original.splitlines()[0]


def test_a_mutant_runs_under_every_name_and_only_inside_the_block():
    alias = F.tanh_backward
    mutant = next(m for m in mutants(F.tanh_backward) if m.mutated == "return dy  # (2)")
    assert mutant.name == "functions.tanh_backward: return dy * (1 - y * y) -> return dy"
    with contextlib.suppress(KeyError), mutant.apply():
        assert alias(3.0, 0.5) == 3.0
        raise KeyError
    assert alias(3.0, 0.5) == 2.25


def test_a_method_that_calls_super_still_finds_its_class():
    x = np.ones((2, 3, 4))
    layer = LSTM(4, 5, rng=np.random.default_rng(0))
    mutant = next(m for m in mutants(LSTM.zero_state) if m.mutated == "return h, h")
    with mutant.apply():
        h, c = layer.zero_state(x)
        assert h is c
    h, c = layer.zero_state(x)
    assert h is not c


def test_stubs_have_no_mutants():
    assert mutants(Layer.backward) == []
