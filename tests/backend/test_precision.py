"""The precision of products on a GPU: what is chosen, what it costs, and that the CPU never rounds."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
from emulated import needs_compiler
from kernel_problems import Problem, worst_error
from rounding import rounded
from small_text import assert_one_line

import scratchnn
from scratchnn import cli
from scratchnn.backend import precision
from scratchnn.backend.precision import PRECISIONS, chosen_precision, set_precision
from scratchnn.errors import BackendError, DataError

TELL = precision._tell_cupy


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """What CuPy would have been told; nothing is chosen before or after a test."""
    calls = []
    monkeypatch.setattr(precision, "_tell_cupy", calls.append)
    monkeypatch.setattr(precision.Choice, "name", None)
    monkeypatch.delenv("CUPY_TF32", raising=False)
    return calls


def test_float32_unless_something_else_is_chosen(told):
    assert precision.precision() == "float32"
    set_precision("float32")
    assert told == []
    scratchnn.set_precision("tf32")
    assert (precision.precision(), told) == ("tf32", ["tf32"])


def test_a_choice_for_a_block_only(told):
    with chosen_precision(None):
        assert precision.precision() == "float32"
    with suppress(KeyError), chosen_precision("bfloat16"):
        assert precision.precision() == "bfloat16"
        raise KeyError
    assert precision.precision() == "float32"
    assert told == ["bfloat16", "float32"]


@pytest.mark.parametrize(("value", "expected"), [("1", "tf32"), ("0", "float32"), ("", "float32")])
def test_the_environment_of_cupy(monkeypatch, told, value, expected):
    monkeypatch.setenv("CUPY_TF32", value)
    assert precision.precision() == expected
    set_precision("float32")
    assert precision.precision() == "float32"
    assert told == (["float32"] if expected == "tf32" else [])


def a_gpu(capability):
    """CuPy on a GPU of that compute capability."""
    return SimpleNamespace(cuda=SimpleNamespace(Device=lambda: SimpleNamespace(compute_capability=capability)))


def no_gpu(name):
    raise BackendError(f"{name} finds no usable GPU")


@pytest.mark.parametrize(
    ("name", "load", "error", "message"),
    [
        ("half", no_gpu, DataError, "unknown precision 'half'; choose one of float32, tf32, bfloat16"),
        ("tf32", no_gpu, BackendError, "cupy finds no usable GPU"),
        ("tf32", lambda name: a_gpu("75"), BackendError, "this GPU has compute capability 7.5, tf32 products need 8.0"),
    ],
    ids=["unknown", "no GPU", "old GPU"],
)
def test_errors(monkeypatch, name, load, error, message):
    monkeypatch.setattr(precision, "_tell_cupy", TELL)
    monkeypatch.setattr(precision, "load_backend", load)
    with pytest.raises(error, match=message):
        set_precision(name)
    assert precision.precision() == "float32"


def test_an_option_of_train_for_the_gpu_only(capsys, text):
    assert cli.main(["train", "lm", "--data", str(text), "--precision", "tf32"]) == 2
    assert_one_line(capsys, "--precision tf32 goes with --device gpu; products of the CPU are float32")


def test_rounding():
    """By hand: 1 + 2^-10 is a TF32 number, 1 + 2^-11 is halfway to it, and less than that is dropped."""
    numbers = np.float32([1, 1 + 2**-10, 1 + 2**-11, 1 + 2**-12, -1 - 2**-11, 3e-5])
    assert rounded(numbers, "tf32").tolist()[:5] == [1, 1 + 2**-10, 1 + 2**-10, 1, -1 - 2**-10]
    assert rounded(numbers, "bfloat16").tolist()[:5] == [1, 1, 1, 1, -1]
    for name, bits in (("tf32", 11), ("bfloat16", 8)):
        drawn = np.random.default_rng(0).standard_normal(1000).astype("f")
        assert 2.0 ** -(bits + 0.1) < (abs(rounded(drawn, name) - drawn) / abs(drawn)).max() <= 2.0**-bits


@needs_compiler
@pytest.mark.parametrize("blocks", [1, 0], ids=["one launch", "step by step"])
def test_the_error_of_a_layer(blocks):
    """An LSTM and its gradients: rounded products cost what their operands lose, and no more."""
    problem = Problem("lstm", 8, 6, 24, 16, blocks, multiprocessors=3)
    errors = {}
    for name in PRECISIONS:
        with chosen_precision(name):
            errors[name], _ = worst_error(problem.kernels()[0], problem.exact())
    assert errors["float32"] < 1e-6
    assert 2**-14 < errors["tf32"] < 2**-10
    assert 2**-11 < errors["bfloat16"] < 2**-7
