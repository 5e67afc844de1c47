"""Threads of matrix products: the rule on sizes, the choice, the environment, another BLAS; each is respected."""

from __future__ import annotations

import math
import warnings
from contextlib import suppress

import numpy as np
import pytest
from small_text import command

import scratchnn
from scratchnn.backend import threads
from scratchnn.backend.threads import LARGE, VARIABLES, blas_threads, chosen_threads, set_threads, threads_for
from scratchnn.core import Model
from scratchnn.errors import DataError, ScratchnnWarning
from scratchnn.models.classifier import Classifier
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD
from scratchnn.tasks.trained import Trained
from scratchnn.training import Trainer
from scratchnn.training.products import product_size

CORES = 6


class Blas:
    """An OpenBLAS that remembers its number of threads."""

    number = CORES

    def function(self, name):
        return (lambda: self.number) if name == "get_num_threads" else lambda number: setattr(self, "number", number)


@pytest.fixture(autouse=True)
def blas(monkeypatch):
    """An OpenBLAS with six threads, no variable in the environment, nothing chosen."""
    fake = Blas()
    monkeypatch.setattr(threads, "openblas", fake.function)
    monkeypatch.setattr(threads.Choice, "number", None)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def another_blas(monkeypatch):
    """NumPy with Accelerate."""
    monkeypatch.setattr(threads, "openblas", lambda name: None)
    monkeypatch.setattr(threads, "blas_name", lambda: "accelerate 1.0")


def inside(multiply_adds):
    """The number of threads inside the block."""
    with threads_for(multiply_adds):
        return blas_threads()


# --- the rule --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("multiply_adds", "expected"), [(0, 1), (LARGE - 1, 1), (LARGE, CORES), (math.inf, CORES)])
def test_the_rule(multiply_adds, expected):
    assert inside(multiply_adds) == expected
    assert blas_threads() == CORES


def test_small_inside_large_and_large_inside_small():
    with threads_for(math.inf):
        assert inside(0) == 1
    with threads_for(0):
        assert inside(math.inf) == 1


def test_the_threads_come_back_after_an_error():
    with suppress(KeyError), threads_for(0):
        raise KeyError
    assert blas_threads() == CORES


def language_model(H, V=100, **options):
    return LanguageModel(V, embedding_size=H, hidden_size=H, rng=np.random.default_rng(0), **options)


def test_the_size_of_products():
    H, V, N = 8, 30, 4
    assert product_size(language_model(H, V), N) == N * (8 * H * H + H * V)  # [Wx, Wh] and the output layer
    assert product_size(language_model(H, V, layers=2), N) == N * (16 * H * H + H * V) / 2
    assert product_size(language_model(H, V, tied=True), N) == N * (8 * H * H + H * V)  # tied: looked up and multiplied
    sizes = {"embedding_size": H, "hidden_size": H}
    reader = Classifier(V, 2, **sizes, reader="conv", pooling="max", rng=np.random.default_rng(0))
    assert product_size(reader, N) == math.inf


@pytest.mark.parametrize(
    ("H", "V", "N", "one"), [(64, 100, 32, True), (128, 100, 32, True), (650, 1000, 20, False), (128, 10_000, 32, False)]
)
def test_usual_sizes(H, V, N, one):
    assert (product_size(language_model(H, V), N) < LARGE) == one


class Watched(Model):
    """A model of one size that notes the number of threads of every loss; its batches are those of the trainer."""

    def __init__(self, size):
        super().__init__()
        self.cell = scratchnn.LSTM(1, size, rng=np.random.default_rng(0))
        self.found = []

    def loss(self, batch, state):
        self.found.append(blas_threads())
        return np.float32(1), 1, None

    def backward_loss(self, dloss=1.0):
        for parameter in self.parameters():
            parameter.accumulate(0 * parameter.data)


class Batches:
    def __len__(self):
        return 2

    def batch(self, epoch, k):
        return np.zeros((20, 3)), np.zeros(20)


@pytest.mark.parametrize(("size", "expected"), [(10, 1), (700, CORES)])
def test_training_is_by_the_rule(size, expected):
    model = Watched(size)
    outside = []

    def validate():
        model.found.append(blas_threads())
        return {"loss": 1.0}

    trainer = Trainer(
        model,
        SGD(model.parameters(), 0.1),
        Batches(),
        validate=validate,
        on_epoch=lambda trainer: outside.append(blas_threads()),
        progress=False,
    )
    trainer.fit(2)
    assert model.found == [expected] * 6
    assert outside == [CORES] * 2


@pytest.mark.parametrize(("size", "expected"), [(10, 1), (700, CORES)])
def test_a_trained_model_has_the_threads_of_its_training(size, expected):
    with Trained(Watched(size), {}, {"batch_size": 20}, None, "").threads():
        assert blas_threads() == expected


def test_gradient_checks_have_one_thread_and_real_sizes_all(monkeypatch):
    found = []
    monkeypatch.setattr("scratchnn.commands.gradcheck.check", lambda *arguments: found.append(blas_threads()) or 0)
    assert command("gradcheck", "relu") == 0
    assert command("gradcheck", "lstm", "--shape", "2,3,4,5", "--directions", "1") == 0
    assert found == [1, CORES]


# --- what overrides it -----------------------------------------------------------------------------------------------


def test_a_choice_overrides_the_rule():
    scratchnn.set_threads(3)
    assert (blas_threads(), inside(0), inside(math.inf)) == (3, 3, 3)
    set_threads(2)
    set_threads(None)
    assert (blas_threads(), inside(0)) == (CORES, 1)


def test_a_choice_inside_the_rule_stays():
    with threads_for(0):
        set_threads(3)
    assert blas_threads() == 3


def test_a_choice_for_a_block():
    with suppress(KeyError), chosen_threads(2, "--threads"):
        assert inside(0) == 2
        raise KeyError
    assert (blas_threads(), inside(0)) == (CORES, 1)
    set_threads(3)
    with chosen_threads(None, "--threads"):
        assert inside(0) == 3
    with chosen_threads(2, "--threads"):
        assert inside(0) == 2
    assert inside(0) == 3


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "2"])
def test_a_number_that_is_none(number):
    with pytest.raises(DataError, match="set_threads must be a whole number of 1 or more"):
        set_threads(number)


@pytest.mark.parametrize("name", VARIABLES)
def test_the_environment_overrides_all(monkeypatch, name):
    monkeypatch.setenv(name, "6")
    assert (inside(0), inside(math.inf)) == (CORES, CORES)
    with pytest.warns(ScratchnnWarning, match=f"set_threads 2 has no effect: {name}=6 in the environment decides; unset"):
        set_threads(2)
    assert (blas_threads(), inside(0)) == (CORES, CORES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        set_threads(CORES)  # the number of the environment


@pytest.mark.parametrize("value", ["", "0", "many", "-2"])
def test_a_variable_that_openblas_ignores(monkeypatch, value):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert inside(0) == 1


def test_another_blas_is_left_alone_and_named(another_blas):
    assert inside(0) is None
    with pytest.warns(ScratchnnWarning, match=r"uses accelerate 1.0, which .* alone; set VECLIB_MAXIMUM_THREADS instead"):
        set_threads(2)
    assert threads.Choice.number is None


COMPUTING = [
    ["gradcheck", "relu"],
    ["exercise"],
    ["learn"],
    ["tour"],
    *(["train", kind] for kind in ("lm", "classifier", "seq2seq", "word2vec")),
    ["evaluate", "DIR"],
    ["predict", "DIR"],
    ["sample", "DIR"],
    ["similar", "FILE", "WORD"],
    ["analogy", "FILE", "A", "B", "C"],
    ["evaluate-vectors", "FILE"],
]


@pytest.mark.parametrize("words", COMPUTING, ids=" ".join)
def test_the_option_of_every_command_that_computes(monkeypatch, words):
    found = []
    module = words[0].replace("-", "_")
    monkeypatch.setattr(f"scratchnn.commands.{module}.run", lambda args: found.append((blas_threads(), inside(0))) or 0)
    assert command(*words, "--threads", "2") == 0
    assert found == [(2, 2)]
    assert blas_threads() == CORES


def test_an_option_without_effect_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "6")
    assert command("gradcheck", "relu", "--threads", "2") == 0
    assert capsys.readouterr().err == (
        "warning: --threads 2 has no effect: OPENBLAS_NUM_THREADS=6 in the environment decides; unset it to choose "
        "another number\n"
    )


def test_an_option_that_is_no_number_of_threads(capsys):
    assert command("gradcheck", "relu", "--threads", "0") == 2
    assert capsys.readouterr().err == "error: --threads must be a whole number of 1 or more, got 0\n"


# --- the real library ------------------------------------------------------------------------------------------------


def test_openblas_of_this_numpy(monkeypatch):
    monkeypatch.undo()
    before = blas_threads()
    assert (before is None) == ("openblas" not in threads.blas_name())
    if before is not None:
        threads.set_blas_threads(1)
        assert blas_threads() == 1
        threads.set_blas_threads(before)
        assert blas_threads() == before
