"""Kinks told from mistakes: an entry on or near a kink is left out, and a wrong slope is still refused."""

import numpy as np
import pytest

from scratchnn import functions as F
from scratchnn.gradcheck import check, function_problem

NEAR = np.random.default_rng(0).standard_normal((3, 4))
NEAR[1, 2] = 1e-6
ON = NEAR.copy()
ON[1, 2] = 0.0


def findings(slope, x, function=F.relu):
    """The findings by method for a backward pass that multiplies by ``slope(x)``."""
    found = check(function_problem(function, lambda dy, y, x: dy * slope(x), {"x": x}))
    return {finding.method: finding for finding in found}


def test_a_correct_layer_near_a_kink_passes_and_the_report_says_so():
    found = findings(lambda x: x > 0, NEAR)
    assert found["central"].ok
    assert found["central"].note == "1 of 12 entries left out: the function has a kink there"
    assert found["complex"].ok
    assert found["complex"].note == ""  # the complex step is exact at any distance from the kink


def test_either_slope_is_right_on_a_kink():
    for slope in (lambda x: x > 0, lambda x: x >= 0, lambda x: np.where(x == 0, 0.3, x > 0)):
        assert all(finding.ok for finding in findings(slope, ON).values())


@pytest.mark.parametrize("x", [NEAR, ON])
@pytest.mark.parametrize(
    "slope",
    [lambda x: 2.0 * (x > 0), lambda x: 0.5 * (x > 0), lambda x: -1.0 * (x > 0), lambda x: x < 0, lambda x: 0 * x + 1],
)
def test_a_wrong_slope_fails(slope, x):
    assert not any(finding.ok for finding in findings(slope, x).values())


def test_a_wrong_slope_fails_even_if_only_the_entry_at_the_kink_is_wrong():
    for wrong in (1.5, -0.5):
        found = findings(lambda x, wrong=wrong: np.where(abs(x) < 1e-5, wrong, x > 0), NEAR)
        assert not found["central"].ok
        assert not found["complex"].ok
        assert found["complex"].where == (1, 2)


def test_a_wrong_smooth_function_is_not_excused():
    """The derivative between the one-sided slopes is no excuse where these agree up to the curvature."""
    x = np.array([1e-3, 0.5, -2.0])
    for function in (np.tanh, lambda x: np.sin(50 * x), lambda x: x**3):
        assert not any(finding.ok for finding in findings(lambda x: 0 * x + 1e-3, x, function).values())


def test_a_jump_is_a_kink():
    x = np.array([0.7, 1e-6, -0.4])
    found = findings(lambda x: 0 * x + 1, x, lambda x: x + (x.real > 0))
    assert found["central"].ok
    assert "1 of 3 entries left out" in found["central"].note


def test_an_array_of_kinks_alone_proves_nothing():
    found = findings(lambda x: x > 0, np.zeros((2, 2)))
    assert not found["central"].ok
    assert found["central"].note.endswith("nothing was checked, so use another example")


def test_a_smooth_function_costs_no_more(monkeypatch):
    from scratchnn.gradcheck import kinks

    monkeypatch.setattr(kinks, "leave_out_kinks", lambda *arguments: pytest.fail("it looked for kinks"))
    assert all(finding.ok for finding in findings(lambda x: 1 - np.tanh(x) ** 2, NEAR, np.tanh).values())
