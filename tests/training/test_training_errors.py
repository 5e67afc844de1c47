"""What training refuses: numbers that are not finite, caches without a backward call, settings out of range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from training_cases import Recorder, V, copies, trainer_of, unchanged

from scratchnn.errors import CacheError, DataError, NonFiniteError
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD


class Poisoned(LanguageModel):
    """From step ``start`` on, something in its gradient or its loss is not finite."""

    def __init__(self, where, value, start=2):
        super().__init__(V, embedding_size=4, hidden_size=4, rng=np.random.default_rng(0))
        self.where, self.value, self.start, self.steps = where, value, start, 0

    def loss(self, batch, state):
        self.steps += 1
        loss, count, state = super().loss(batch, state)
        if self.where == "loss" and self.steps >= self.start:
            loss = loss * self.value
        return loss, count, state

    def backward_loss(self):
        super().backward_loss()
        if self.where != "loss" and self.steps >= self.start:
            parameter = self.named_parameters()[self.where]
            gradient = parameter.dense_gradient()
            gradient[..., 1] = self.value
            parameter.grad = gradient


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["embedding.W", "cells.layers.0.Wh", "output.b"])
def test_a_gradient_that_is_not_finite_stops_the_run_and_moves_nothing(where, value):
    model = Poisoned(where, value)
    seen = []

    class Watched(SGD):
        def step(self):
            super().step()
            seen.append(copies(model))

    trainer = trainer_of(model, optimizer=Watched, max_norm=0.25)
    with pytest.raises(
        NonFiniteError, match=f"the gradient of parameter '{where}' of shape .* is NaN or infinite"
    ) as caught:
        trainer.fit(1)
    assert "\n" not in str(caught.value)
    assert len(seen) == trainer.step == 1
    assert unchanged(model, seen[0])
    assert model.pending() == 0
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_stops_the_run(value):
    model = Poisoned("loss", value, start=1)
    before = copies(model)
    with pytest.raises(NonFiniteError, match=rf"the loss is {value} at step 1; lower the learning rate"):
        trainer_of(model).fit(1)
    assert unchanged(model, before)


def test_steps_that_are_not_finite_can_be_skipped():
    model = Poisoned("output.b", np.nan, start=4)
    trainer = trainer_of(model, skip_nonfinite=True, record_every=1, window=10)
    trainer.fit(1)  # five steps, of which two are skipped
    assert (trainer.step, trainer.skipped) == (5, 2)
    assert [row["targets"] for row in trainer.history.rows] == [40, 40, 40, 0, 0]
    assert [row["loss"] is None for row in trainer.history.rows] == [False, False, False, True, True]
    healthy = trainer_of(Poisoned("output.b", np.nan, start=4), window=10)
    with pytest.raises(NonFiniteError):
        healthy.fit(1)
    assert unchanged(model, copies(healthy.model))  # as it was after the three good steps


def test_the_state_of_a_skipped_step_is_not_carried_on():
    model = Recorder()
    finite = iter([1.0, math.nan, 1.0])
    original = model.loss
    model.loss = lambda batch, state: (np.float32(next(finite)), *original(batch, state)[1:])
    trainer_of(model, ids=np.ones(13, dtype=np.int32), batch=1, window=4, skip_nonfinite=True).fit(1)
    assert model.states == [None, 4, 4]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_validation_loss_that_is_not_finite_is_an_error_or_no_improvement(value):
    given = iter([2.0, value])
    trainer = trainer_of(validate=lambda: {"loss": next(given)})
    with pytest.raises(NonFiniteError, match=f"the validation loss is {value} after epoch 2"):
        trainer.fit(3)
    trainer = trainer_of(validate=lambda: {"loss": 1.0, "perplexity": value})  # not only the deciding figure
    with pytest.raises(NonFiniteError, match=f"the validation perplexity is {value} after epoch 1"):
        trainer.fit(3)
    given = iter([value, 2.0, value, 1.0])
    trainer = trainer_of(validate=lambda: {"loss": next(given)}, skip_nonfinite=True)
    trainer.fit(4)
    assert (trainer.best_epoch, trainer.best["loss"]) == (4, 1.0)


class Forgetful(LanguageModel):
    """Calls forward of its output layer once more than backward."""

    def loss(self, batch, state):
        self.output.forward(np.zeros((1, 4), dtype="float32"))
        return super().loss(batch, state)


def test_caches_left_behind_are_an_error_unless_discarded():
    model = Forgetful(V, embedding_size=4, hidden_size=4, rng=np.random.default_rng(0))
    before = copies(model)
    with pytest.raises(CacheError, match=r"Forgetful: 1 forward calls had no backward call .* call discard_caches\(\)"):
        trainer_of(model).fit(1)
    assert unchanged(model, before)
    backward = model.backward_loss
    model.backward_loss = lambda: (backward(), model.output.discard_caches())
    trainer_of(model).fit(1)
    assert not unchanged(model, before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_norm": 0.0}, "max_norm must be above 0, got 0.0"),
        ({"max_norm": math.nan}, "max_norm must be above 0, got nan"),
        ({"patience": 2}, "patience needs validate"),
        ({"patience": 0, "validate": lambda: {"loss": 1.0}}, "patience must be a whole number of 1 or more, got 0"),
        ({"checkpoint_every": 0}, "checkpoint_every must be a whole number of 1 or more, got 0"),
        ({"checkpoint_every": 2.5}, "checkpoint_every must be a whole number of 1 or more, got 2.5"),
        ({"record_every": -1}, "record_every must be a whole number"),
    ],
)
def test_bad_settings_are_refused_at_once(options, message):
    with pytest.raises(DataError, match=f"Trainer: {message}"):
        trainer_of(**options)
