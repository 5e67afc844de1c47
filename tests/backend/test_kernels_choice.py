"""Which arrays the kernels compute with, what is said if a GPU is too old; everything else takes array operations."""

import warnings
from dataclasses import replace

import guarded
import numpy as np
import pytest
from emulated import EmulatedDevice, needs_compiler
from recurrent_cases import MAKERS, flat

from scratchnn.backend import arrays, move, to_numpy
from scratchnn.backend.kernels import choice, devices, kernel_device
from scratchnn.backend.kernels.cards import MULTIPROCESSORS, NAMES, SHARED, typical_card
from scratchnn.backend.kernels.split import best_split, splits
from scratchnn.errors import ScratchnnWarning
from scratchnn.recurrent import LSTM
from scratchnn.recurrent.path import choose_path
from scratchnn.recurrent.steps import Steps


@pytest.fixture
def device(monkeypatch):
    """A pretended GPU for guarded arrays, float32."""
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    device = EmulatedDevice(3)
    monkeypatch.setitem(devices.DEVICES, "guarded", lambda: device)
    return device


def there(*shape, dtype="float32"):
    return guarded.asarray(np.ones(shape, dtype=dtype))


def test_arrays_of_the_device_in_its_dtype_take_kernels(device):
    assert kernel_device(there(2, 3)) is device
    assert kernel_device(there(2, 3), None, there(3)) is device


@pytest.mark.parametrize(
    "given",
    [
        lambda: [np.ones((2, 3), dtype=np.float32)],
        lambda: [there(2, 3, dtype="float64")],
        lambda: [there(2, 3, dtype="complex64")],
        lambda: [there(2, 3), there(3, dtype="float64")],
        lambda: [there(2, 0)],
        lambda: [there(2, 3), there(0)],
    ],
    ids=["NumPy", "float64", "complex", "one of float64", "empty", "one of them empty"],
)
def test_all_others_take_array_operations(device, given):
    assert kernel_device(*given()) is None


def test_a_library_without_kernels(device, monkeypatch):
    monkeypatch.delitem(devices.DEVICES, "guarded")
    assert kernel_device(there(2)) is None


def test_a_gpu_that_is_too_old_is_said_once(device):
    device.card = replace(device.card, capability=(7, 0))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        assert [kernel_device(there(2)) for _ in range(3)] == [None] * 3
    (warning,) = found
    assert issubclass(warning.category, ScratchnnWarning)
    assert str(warning.message) == (
        "this GPU has compute capability 7.0, the kernels need 7.5; array operations are used, which are slower"
    )
    assert choice.describe(20, 100, "lstm", False, device.card) == "array operations"


def test_layers_on_numpy_keep_their_own_functions(device):
    layer = LSTM(2, 3, rng=np.random.default_rng(0))
    x = np.ones((2, 4, 2), dtype=np.float32)
    assert choose_path(layer, x, layer.zero_state(x), None, None) == (layer.run, layer.run_backward)


def test_steps_that_are_fed_are_array_operations(device):
    layer = LSTM(2, 3, rng=np.random.default_rng(0)).to("guarded")
    x = there(2, 4, 2)
    path = choose_path(layer, x, layer.zero_state(x), Steps(x, None), None)
    assert path == (layer.run, layer.run_backward)
    assert choose_path(layer, x, layer.zero_state(x), None, None) != path


@needs_compiler
@pytest.mark.parametrize("name", ["rnn-relu", "gru-dropouts", "lstm-peephole", "stacked"])
def test_layers_through_the_kernels(device, name):
    """Outputs, states and all gradients of a whole layer, from its own weights, with lengths and dropout."""
    results = []
    for where in ("numpy", "guarded"):
        layer = MAKERS[name]()
        layer.to(where)
        layer.train().reseed(5)
        rng = np.random.default_rng(3)
        x = move(rng.standard_normal((4, 5, 2), dtype=np.float32), where)
        y, state = layer.forward(x, lengths=np.array([2, 0, 5, 3]))
        dx, dstate = layer.backward(move(rng.standard_normal(y.shape, dtype=np.float32), where))
        results.append([y, dx, *flat((state, dstate)), *(parameter.grad for parameter in layer.parameters())])
    for found, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=1e-4, atol=2e-6)
    assert "forward" in device.launched
    assert "backward" in device.launched


# --- the split -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capability", NAMES, ids=lambda pair: ".".join(map(str, pair)))
@pytest.mark.parametrize("cell", ["lstm_peephole", "gru_reset_before"])
def test_the_best_split_fits_the_card(capability, cell):
    card = typical_card(capability)
    for backward in (False, True):
        split = best_split(20, 96, cell, backward, card)
        frame = split.frame
        assert split.shared <= card.shared
        assert card.multiprocessors >= frame.G * frame.S
        assert frame.G * frame.R >= 20
        assert frame.S * frame.U >= 96
        assert split.cycles == min(other.cycles for other in splits(20, 96, cell, backward, card))


def test_cards_have_all_numbers():
    assert set(SHARED) == set(MULTIPROCESSORS) == set(NAMES)


def test_weights_that_do_not_fit():
    assert best_split(20, 1500, "lstm", False, typical_card((9, 0))) is None
    assert choice.describe(20, 1500, "lstm", False, typical_card((9, 0))) == "step by step"
    assert best_split(20, 1500, "rnn_tanh", False, typical_card((9, 0))) is not None
