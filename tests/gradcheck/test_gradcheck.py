"""The gradient check: all registered cases are within the limits, and wrong backward passes are refused."""

import math
import time
from functools import partial

import every_case
import numpy as np
import pytest

from scratchnn import functions as F
from scratchnn.core import Layer, Parameter
from scratchnn.errors import DataError
from scratchnn.gradcheck import LIMITS, Case, all_cases, case, check, function_problem, layer_problem, pair_problem, select
from scratchnn.gradcheck.engine import compare

WHOLE_RUN_SECONDS = 180  # 86 were measured beside other work
X = np.random.default_rng(0).standard_normal((3, 4))


# --- the register ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole_run():
    """The findings of every case, and the processor time it took, which other processes do not affect.

    Parts that other tests need as well are computed once (``every_case``).
    """
    start, found = time.process_time(), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Case, "properties", lambda one, device: every_case.properties(one.name))
        for name, one in all_cases().items():
            patch.setattr("scratchnn.gradcheck.kinks.measure", partial(every_case.measured, name))
            found[name] = one.check()
    return found, time.process_time() - start


@pytest.mark.parametrize("name", all_cases())
def test_registered_case(whole_run, name):
    found, _ = whole_run
    assert {finding.method for finding in found[name]} == {"central", "complex"}
    for finding in found[name]:
        assert finding.ok, finding
        assert finding.error < LIMITS[finding.method]


def test_limits():
    assert LIMITS == {"central": 1e-6, "complex": 1e-11}


def test_whole_run_takes_few_minutes(whole_run):
    assert whole_run[1] < WHOLE_RUN_SECONDS


@pytest.mark.parametrize(
    "family",
    ["rnn", "rnn-relu", "gru-simplified", "gru-reset-before", "gru-reset-after", "lstm", "lstm-peephole"],
)
def test_every_cell_in_every_variant(family):
    variants = {"", "/step", "/step+mask", "/loop", "/lengths", "/mask", "/lengths+mask"}
    if family == "lstm":
        variants.add("/many-units")
    assert {name.removeprefix(family) for name in all_cases() if name.partition("/")[0] == family} == variants
    of_layer = {"", "/last-output", "/dropouts"}
    expected = of_layer | {variant + "/lengths" for variant in of_layer}
    layer = f"layer-{family}"
    assert expected <= {name.removeprefix(layer) for name in all_cases() if name.partition("/")[0] == layer}


def test_a_case_is_the_same_every_time():
    first, second = (all_cases()["lstm"].problem() for _ in range(2))
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name])


def test_biases_are_random_and_not_zero():
    for name in ("dense", "lstm", "layer-gru-reset-after"):
        arrays = all_cases()[name].problem().arrays
        assert all(array.all() for array in arrays.values())


def test_select_by_family_and_by_case():
    assert [c.name for c in select(["softmax"])] == ["softmax"]
    assert {"lstm", "lstm/step", "lstm/lengths"} <= {c.name for c in select(["lstm"])}
    assert [c.name for c in select(["lstm/step", "relu"])] == ["relu", "lstm/step"]
    assert {c.family for c in select(["gru"])} == {"gru-simplified", "gru-reset-before", "gru-reset-after"}
    assert len(select([])) == len(all_cases())


def test_unknown_name_offers_close_ones():
    with pytest.raises(DataError, match="no gradient check named 'sotfmax'; did you mean softmax"):
        select(["sotfmax"])


def test_a_name_can_be_registered_once():
    all_cases()
    with pytest.raises(DataError, match="'softmax' is registered twice"):
        case("softmax")(lambda rng: None)


# --- what the check has to refuse ------------------------------------------------------------------------------------


def findings(backward, function=F.softmax, x=X, **options):
    """The findings for a backward pass of (dy, y, x)."""
    return check(function_problem(function, backward, {"x": x}), **options)


def test_zeroed_softmax_is_refused_though_ones_would_pass():
    def zeroed(dy, y, x):
        return np.zeros_like(y)

    right = F.softmax_backward(np.ones_like(X), F.softmax(X))
    np.testing.assert_allclose(right, 0, atol=1e-15)  # with a cotangent of ones, zero would be the right answer
    assert [finding.ok for finding in findings(zeroed)] == [False, False]
    assert findings(zeroed)[0].note == "the backward pass returns zero everywhere"


def test_wrong_sign_is_refused():
    for finding in findings(lambda dy, y, x: -F.softmax_backward(dy, y)):
        assert not finding.ok
        assert finding.error == pytest.approx(2)


def test_one_wrong_entry_is_found_where_it_is():
    def backward(dy, y, x):
        gradient = F.tanh_backward(dy, y)
        gradient[2, 1] += 0.5
        return gradient

    right = findings(lambda dy, y, x: F.tanh_backward(dy, y), F.tanh)
    for finding, good in zip(findings(backward, F.tanh), right, strict=True):
        assert (finding.ok, finding.where) == (False, (2, 1))
        assert finding.analytic == pytest.approx(finding.numeric + 0.5)
        assert finding.note == "1 of 12 entries wrong, all in [2,1]"
        assert good.ok
        assert good.note == ""


def test_error_is_relative_to_the_entry_or_a_thousandth_of_the_largest():
    analytic = np.array([1000.0, 2.0, 1e-9])
    assert compare("x", analytic, np.array([1000.0, 2.0, 2e-9]), "central").error == pytest.approx(1e-9)
    assert compare("x", analytic, np.array([1000.0, 3.0, 1e-9]), "central").error == pytest.approx(1 / 3)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_non_finite_gradient_is_refused_where_it_is(value):
    def backward(dy, y, x):
        gradient = F.tanh_backward(dy, y)
        gradient[1, 3] = value
        return gradient

    for finding in findings(backward, F.tanh):
        assert (finding.ok, finding.error, finding.where) == (False, math.inf, (1, 3))
        assert finding.note == "the gradient is not finite"


def test_non_finite_forward_is_refused():
    x = np.array([1.0, 800.0])
    with np.errstate(all="ignore"):
        found = findings(lambda dy, y, x: dy, np.exp, x)
    assert [finding.ok for finding in found] == [False, False]


def test_wrong_shape_is_refused():
    for finding in findings(lambda dy, y, x: F.tanh_backward(dy, y).T, F.tanh):
        assert (finding.ok, finding.error) == (False, math.inf)
        assert finding.note == "the gradient has shape (4, 3), the array (3, 4); analytic = numeric transposed"


def test_zero_everywhere_fails_unless_the_case_says_why():
    def backward(dy, y, x):
        return np.zeros_like(x)

    problem = {"function": lambda x: x * 0, "backward": backward}
    assert {f.note for f in findings(**problem)} == {"zero everywhere: nothing was checked"}
    assert not any(f.ok for f in findings(**problem))
    excused = findings(**problem, zero={"x": "multiplied by nothing"})
    assert [(f.ok, f.note) for f in excused] == [(True, "zero: multiplied by nothing")] * 2


def test_expected_to_be_zero_but_is_not():
    found = findings(lambda dy, y, x: F.tanh_backward(dy, y), F.tanh, zero={"x": "a reason"})
    assert [(f.ok, f.note) for f in found] == [(False, "expected to be zero (a reason) but is not")] * 2


def test_complex_step_follows_the_branch_of_the_real_part():
    x = np.array([-2.0, -0.3, 0.4, 3.0])
    for function, slope in ((F.relu, x > 0), (lambda x: F.clip(x, -1, 1), abs(x) < 1)):
        found = findings(lambda dy, y, x, slope=slope: dy * slope, function, x)
        assert [f.error for f in found if f.method == "complex"] == [pytest.approx(0, abs=1e-15)]


# --- correct numbers are not enough ----------------------------------------------------------------------------------


def refused_for(problem):
    """The arrays and the methods of the failing findings."""
    return {(finding.array, finding.method) for finding in check(problem) if not finding.ok}


def square_forward(x):
    return x * x, x


def test_writing_into_the_cotangent_is_refused():
    def backward(dy, x):
        dy *= 2 * x
        return dy

    assert refused_for(pair_problem(square_forward, backward, {"x": X})) == {("cotangent 0", "written")}


def test_writing_into_the_input_is_refused():
    def backward(dy, x):
        dx = 2 * x * dy
        x[0] = 0
        return dx

    assert ("x", "written") in refused_for(pair_problem(square_forward, backward, {"x": X}))


def test_writing_into_the_output_is_refused():
    def backward(dy, y):
        y[...] = dy * (1 - y * y)
        return y.copy()

    assert ("output 0", "written") in refused_for(
        pair_problem(lambda x: (np.tanh(x),) * 2, backward, {"x": X}),
    )


def test_writing_into_the_cache_is_refused():
    def backward(dy, cache):
        cache *= dy
        return cache.copy()

    assert refused_for(pair_problem(lambda x: (x * x, 2 * x), backward, {"x": X})) == {("x", "repeated")}


class Scale(Layer):
    """y = x s."""

    def __init__(self):
        super().__init__()
        self.s = Parameter(np.ones(4))

    def forward(self, x):
        self.push(x)
        return x * self.s.data

    def backward(self, dy):
        self.add((self.pop() * dy).sum(axis=0))
        return dy * self.s.data

    def add(self, ds):
        self.s.accumulate(ds)


class Replaces(Scale):
    """The same layer, but each backward pass replaces the gradient."""

    def add(self, ds):
        self.s.grad = ds


def test_replacing_a_gradient_is_refused():
    assert refused_for(layer_problem(Scale(), {"x": X})) == set()
    assert refused_for(layer_problem(Replaces(), {"x": X})) == {("s", "twice")}


def test_the_check_leaves_its_problem_as_it_was():
    problem = layer_problem(Scale(), {"x": X})
    before = {name: array.copy() for name, array in problem.arrays.items()}
    check(problem)
    for name, array in problem.arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_a_case_without_complex_step_is_checked_by_central_differences():
    def build(rng):
        return function_problem(np.abs, lambda dy, y, x: dy * np.sign(x), {"x": X})

    found = Case("absolute", build, real_only="abs gives a real number").check()
    assert [(f.method, f.ok) for f in found] == [("central", True)]
