"""A training step on a GPU waits for it once, to read loss and norm: counted on the emulation, for several models."""

import importlib
from argparse import Namespace

import guarded
import numpy as np
import pytest
from emulated import EmulatedDevice, needs_compiler

from scratchnn.backend import arrays
from scratchnn.backend.kernels import devices
from scratchnn.data import TokenStreams
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import Adam
from scratchnn.training import Trainer

pytestmark = needs_compiler


@pytest.fixture
def device(monkeypatch):
    """A pretended GPU for guarded arrays."""
    device = EmulatedDevice(2)
    monkeypatch.setitem(devices.DEVICES, "guarded", lambda: device)
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    return device


@pytest.fixture
def waits(monkeypatch):
    """Counts what waits for the device: copies to the host, and operations whose result has a size that only it knows."""
    counted = []

    def counting(owner, name, when=lambda *arguments: True):
        original = getattr(owner, name)

        def call(self, *arguments, **options):
            if when(*arguments):
                counted.append(name)
            return original(self, *arguments, **options)

        monkeypatch.setattr(owner, name, call)

    counting(guarded.Array, "get")
    counting(guarded.Array, "tolist")
    counting(guarded.Array, "__getitem__", lambda index: isinstance(index, guarded.Array) and index.dtype == bool)
    for name in ("unique", "nonzero", "flatnonzero", "repeat", "bincount"):

        def call(*arguments, name=name, **options):
            counted.append(name)
            return guarded._Function(getattr(np, name))(*arguments, **options)

        monkeypatch.setattr(guarded, name, call, raising=False)
    return counted


@pytest.mark.parametrize("tied", [False, True])
def test_a_step_of_a_language_model_waits_once(device, waits, tied):
    """The one read of loss and norm; the losses are those of NumPy."""
    streams = TokenStreams(np.random.default_rng(1).integers(0, 9, 61).astype(np.int32), 2, 5)
    losses = {}
    for where in ("numpy", "guarded"):
        model = LanguageModel(9, embedding_size=4, hidden_size=4, layers=1, tied=tied, rng=np.random.default_rng(0))
        trainer = Trainer(model.to(where), Adam(model.parameters()), streams, max_norm=0.25, progress=False)
        waits.clear()
        losses[where] = [row["loss"] for row in trainer.fit(1).rows]
        assert waits == (["get"] * len(streams) if where == "guarded" else [])
    np.testing.assert_allclose(losses["guarded"], losses["numpy"], rtol=1e-5)
    assert {"forward", "backward", "cross_entropy", "update", "root"} <= set(device.launched)


MODELS = {  # the benchmark of each, the place of its row, and what it asks before its forward pass
    "classifier": ("classifier", 0, []),
    "tagger, CRF": ("tagger", 0, ["get"]),
    "tagger, softmax": ("tagger", 1, ["get"]),
    "parser": ("parser", 0, ["get"]),
    "translation": ("seq2seq", 2, ["flatnonzero"]),
    "forecaster": ("forecaster", 0, []),
}


@pytest.mark.parametrize(("name", "place", "first"), MODELS.values(), ids=MODELS.keys())
def test_a_step_of_other_models_waits_once(device, waits, monkeypatch, name, place, first):
    """For loss and norm. Before the forward pass some ask how many words there are, when the GPU has nothing to finish."""
    module = importlib.import_module(f"benchmarks.{name}")
    row = module.rows(name, Namespace(against=[], quick=True, shapes=None), {"device": "gpu"})[place]
    counted = []

    def once(step, settings, synchronise):
        waits.clear()
        device.launched = LaunchesIn(waits)
        step()
        counted.extend(waits)
        return {"value": 0.0}

    monkeypatch.setattr(module, "our_library", lambda settings: ("guarded", None))
    monkeypatch.setattr(module, "measure", once)
    module.ours(row.case, {})
    assert counted == [*first, "layers", "get"] * row.case["batches"]


class LaunchesIn:
    """Notes in a list of waits, once between two of them, that recurrent layers have been launched."""

    def __init__(self, waits):
        self.waits = waits

    def append(self, name):
        if name in ("forward", "backward") and self.waits[-1:] != ["layers"]:
            self.waits.append("layers")
