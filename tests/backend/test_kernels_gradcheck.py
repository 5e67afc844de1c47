"""Gradient checks through the CUDA kernels, compiled in float64 and emulated on a CPU.

Layers on guarded arrays take the kernels, as they do on CuPy arrays on a GPU. The checks are those of the package: central
differences of the kernels' own forward pass, the complex step of the array path, and the properties of the layers.
"""

from unittest import mock

import guarded
import numpy as np
import pytest
from emulated import EmulatedDevice, needs_compiler
from kernel_problems import Problem, random_split

from scratchnn.backend import arrays
from scratchnn.backend.kernels import devices, launches
from scratchnn.gradcheck import all_cases

pytestmark = [pytest.mark.kernels, needs_compiler]

LAYERS = ("rnn", "rnn-relu", "gru-simplified", "gru-reset-before", "gru-reset-after", "lstm", "lstm-peephole")
CASES = [
    *(f"layer-{layer}/lengths" for layer in LAYERS),
    "layer-gru-reset-before/dropouts/lengths",
    "layer-lstm-peephole/dropouts",
    "layer-gru-reset-after/last-output",
    "layer-lstm/carried-state",
]


@pytest.fixture
def device(monkeypatch):
    """A pretended GPU for guarded arrays, float64, with random splits, at least two blocks per group."""
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    device = EmulatedDevice(3, dtype="float64")
    monkeypatch.setitem(devices.DEVICES, "guarded", lambda: device)
    monkeypatch.setattr(guarded.Array, "__float__", lambda self: float(self.held))  # the check reads numbers, as with CuPy
    rng, wanted = np.random.default_rng(0), Problem("lstm", 1, 1, 1, 1, blocks=2)  # of which the blocks alone count here
    with mock.patch.multiple(launches, best_split=lambda *problem: random_split(rng, wanted, *problem), _made={}):
        yield device


@pytest.mark.parametrize("name", CASES)
def test_gradient_check_through_the_kernels(device, name):
    findings = all_cases()[name].check(device="guarded")
    assert [finding for finding in findings if not finding.ok] == []
    assert {"central", "complex"} <= {finding.method for finding in findings}
    assert device.launched.count("forward") > 50
    assert "backward" in device.launched


def test_gradient_check_of_single_steps(device):
    """The same for the steps launched one by one."""
    with mock.patch.object(launches, "best_split", return_value=None):
        for name in ("layer-lstm-peephole/lengths", "layer-gru-reset-before/lengths", "layer-gru-reset-after/lengths"):
            findings = all_cases()[name].check(("central",), device="guarded")
            assert [finding for finding in findings if not finding.ok] == []
    assert {"forward_step", "backward_step", "gates_step", "candidate_step_backward"} <= set(device.launched)


def test_the_check_refuses_a_mistake_in_a_kernel(device):
    """One sign: the gradient check through the kernel notices it."""
    device.change = lambda source: source.replace("da_n * (1 - z)", "").replace(
        "d[1] = dh * (past.h_before - n)", "d[1] = dh * (past.h_before + n)"
    )
    findings = all_cases()["layer-gru-reset-after"].check(("central",), device="guarded")
    assert [finding.array for finding in findings if not finding.ok]
