"""How a result is compared with the expected one."""

import numpy as np
import pytest

from scratchnn.book.exercises.answer import alike

UNEQUAL = [np.zeros(2), np.ones((3, 1))]


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.1, False),
        (UNEQUAL, [a.copy() for a in UNEQUAL], True),
        (UNEQUAL, UNEQUAL[:1], False),
        (UNEQUAL, UNEQUAL[::-1], False),
        (UNEQUAL, tuple(UNEQUAL), False),
        ([np.zeros(2), np.zeros((3, 1))], UNEQUAL, False),
        (["a", "b"], ["a", "b"], True),
        (["a", "b"], ["a", "c"], False),
        ("1", 1, False),
        (None, 1, False),
        (np.array([np.nan]), np.array([0.0]), False),
        (np.array([0.0]), np.array([np.nan]), False),
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), True),
        (np.array([np.inf, 1.0]), np.array([np.inf, 1.0]), True),
        (np.array([np.inf, 1.0]), np.array([np.inf, 2.0]), False),
        (-np.inf, np.inf, False),
    ],
)
def test_alike(found, expected, same):
    assert alike(found, expected) is same
