"""The training loop: what it learns, which state it carries on, and when it stops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from training_cases import Recorder, V, copies, language, model_of, trainer_of, unchanged

from scratchnn.core import Model
from scratchnn.data import TokenStreams
from scratchnn.errors import DataError
from scratchnn.layers import Dense
from scratchnn.models.language_model import evaluate_text
from scratchnn.optim import SGD, Adam, Plateau
from scratchnn.training import Trainer

# --- learning --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_it_learns_a_generated_language(cell):
    """As well as it can be learned: the next id has probability 5/6, each of the five others 1/30."""
    valid = language(1500, seed=1)
    expected = (valid[:-1] + 1) % V == valid[1:]
    best_possible = -np.where(expected, math.log(5 / 6), math.log(1 / 30)).mean()
    model = model_of(16, cell=cell)
    trainer = trainer_of(
        model, 0.01, language(2001), Adam, 10, 10, validate=lambda: {"loss": evaluate_text(model, valid)[0]}
    )
    before = evaluate_text(model, valid)[0]
    history = trainer.fit(6)
    losses = [history.epoch_loss(epoch) for epoch in range(1, 7)]
    assert before == pytest.approx(math.log(V), abs=0.05)
    assert losses[0] > losses[1] > losses[2]
    assert best_possible - 0.01 < trainer.best["loss"] < best_possible + 0.08


def test_the_state_is_carried_from_batch_to_batch_and_each_epoch_starts_from_zero():
    model = Recorder()
    trainer_of(model, ids=np.ones(13, dtype=np.int32), batch=1, window=4).fit(2)
    assert model.states == [None, 4, 8, None, 4, 8]


def test_the_streams_that_restart_get_zeros_and_the_others_their_state():
    """Ids are all 1, so the state of a stream is the number of ids that it has read since its last restart."""
    model = Recorder()
    trainer = trainer_of(model, ids=np.ones(4 * 400 + 1, dtype=np.int32), batch=4, window=4, seed=3, restart=0.3)
    trainer.fit(2)
    expected, reads = [], np.zeros(4, dtype=int)
    for epoch in range(2):
        for k in range(100):
            restarts = trainer.batches.restarts(epoch, k)
            assert (restarts == trainer.batches.restarts(epoch, k)).all()  # a pure function
            reads[restarts] = 0
            expected.append(reads.tolist())
            reads += 4
    assert [[0] * 4 if state is None else state for state in model.each] == expected
    assert 0.25 < np.mean(np.array(expected) == 0) < 0.35
    other = TokenStreams(trainer.batches.ids, 4, 4, restart=0.3, seed=4)
    assert any((other.restarts(0, k) != trainer.batches.restarts(0, k)).any() for k in range(100))


def test_a_window_shorter_than_the_text_gives_the_loss_of_the_whole_text():
    """With a learning rate of zero, an epoch is an evaluation: only the carried state makes windows of 3 equal to one."""
    model = model_of(seed=3)
    for parameter in model.parameters():
        parameter.data = parameter.data * 4  # a model for which the state makes a difference
    ids = language(61)
    history = trainer_of(model, 0.0, ids, batch=1, window=3).fit(1)
    expected = evaluate_text(model, ids, window=60)[0]
    apart = np.mean([evaluate_text(model, ids[k : k + 4])[0] for k in range(0, 60, 3)])
    assert abs(apart - expected) > 0.05
    assert history.epoch_loss(1) == pytest.approx(expected, rel=1e-5)


def test_a_long_dependency_is_seen_through_windows_that_are_shorter():
    """Blocks of 5: a random key, three fillers, the key again. Only a carried state contains it four steps later."""
    rng = np.random.default_rng(0)
    ids = np.array([[key, 2, 2, 2, key] for key in rng.integers(0, 2, 400)], dtype=np.int32).reshape(-1)
    model = model_of(12, cell="gru")
    trainer_of(model, 0.02, ids, Adam, 10, 20, max_norm=1.0).fit(25)
    carried = evaluate_text(model, ids[:801], window=2)[0]
    forgotten = np.mean([evaluate_text(model, ids[k : k + 3])[0] for k in range(0, 800, 2)])
    assert carried == pytest.approx(math.log(2) / 5, abs=0.03)  # one of five is a surprise, of one bit
    assert forgotten > carried + 0.1


def test_gradients_are_clipped_to_the_bound():
    norms = []

    class Watched(SGD):
        def step(self):
            norms.append(math.sqrt(sum(float((p.dense_gradient() ** 2).sum()) for p in self.parameters)))
            super().step()

    history = trainer_of(optimizer=Watched, max_norm=0.01, record_every=1).fit(1)
    assert max(norms) == pytest.approx(0.01, rel=1e-3)
    assert min(history.column("gradient_norm")[1]) > 0.01  # the history has the norm before clipping


def test_a_model_of_any_kind_can_be_trained():
    """The loop needs only ``loss`` and ``backward_loss``; here a line is fitted."""

    class Line(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(1, 1, rng=np.random.default_rng(0))

        def loss(self, batch, state):
            x, y = batch
            error = self.dense.forward(x) - y
            self.push(error)
            return (error * error).mean(), len(x), None

        def backward_loss(self):
            error = self.pop()
            self.dense.backward(2 * error / error.size)

    class Points:
        def __len__(self):
            return 20

        def batch(self, epoch, k):
            x = np.random.default_rng([epoch, k]).uniform(-1, 1, (8, 1)).astype("float32")
            return x, 3 * x - 1

    model = Line()
    history = Trainer(model, SGD(model.parameters(), 0.2), Points()).fit(5)
    assert history.rows[-1]["loss"] < 1e-4
    np.testing.assert_allclose([model.dense.W.data.item(), model.dense.b.data.item()], [3, -1], atol=0.02)


# --- when it stops ---------------------------------------------------------------------------------------------------


def stopped_after(losses, patience, epochs=20):
    given = iter(losses)
    trainer = trainer_of(validate=lambda: {"loss": next(given)}, patience=patience)
    trainer.fit(epochs)
    return trainer.epoch, trainer.best_epoch, trainer.best["loss"]


def test_early_stopping():
    assert stopped_after([3.0, 2.0, 2.5, 2.5, 9.0], patience=2) == (4, 2, 2.0)
    assert stopped_after([3.0, 3.0], patience=1) == (2, 1, 3.0)  # an equal loss is no improvement
    assert stopped_after([5.0, 4.0, 4.5, 3.0, 3.5, 3.5, 3.5, 3.5], patience=3) == (7, 4, 3.0)
    assert stopped_after([3.0, 2.0, 1.0], patience=2, epochs=3) == (3, 3, 1.0)


@pytest.mark.parametrize("higher", [False, True])
def test_any_figure_can_decide_and_either_direction_can_be_the_better_one(higher):
    """The same figures with the other sign: the same best epoch, learning rates and end."""
    sign = -1 if higher else 1
    errors, losses = [5.0, 3.0, 4.0, 3.0, 2.0], [9, 5, 4, 6, 3]
    given = iter([{"loss": loss, "errors": sign * value} for loss, value in zip(losses, errors, strict=True)])
    options = {"metric": "errors", "higher_is_better": higher, "patience": 2}
    trainer = trainer_of(lr=8.0, validate=lambda: next(given), max_norm=0.01, **options)
    trainer.schedule = Plateau(trainer.optimizer, 0.25)
    history = trainer.fit(9)
    assert (trainer.epoch, trainer.best_epoch) == (4, 2)
    assert trainer.best == {"loss": 5, "errors": sign * 3.0}  # all figures of that epoch; the loss became better later
    assert history.column("lr")[1] == [8.0, 8.0, 8.0, 2.0]
    assert history.column("validation_errors")[1] == [sign * value for value in (5.0, 3.0, 4.0, 3.0)]


def test_validation_without_the_deciding_figure_is_an_error():
    with pytest.raises(DataError, match="Trainer: validate returned loss, accuracy, but the metric is f1"):
        trainer_of(validate=lambda: {"loss": 1.0, "accuracy": 0.5}, metric="f1").fit(1)


def test_a_run_that_stopped_early_stays_stopped(tmp_path):
    def make():
        return trainer_of(validate=lambda: {"loss": 1.0}, patience=1, checkpoint=tmp_path / "c.npz")

    make().fit(9)
    trainer = make()
    assert trainer.resume()
    assert trainer.done(9)
    trainer.fit(9)
    assert trainer.epoch == 2


def test_the_plateau_schedule_gets_the_validation_losses():
    given = iter([3.0, 3.5, 2.0, 2.5])
    trainer = trainer_of(lr=8.0, validate=lambda: {"loss": next(given)}, max_norm=0.01)
    trainer.schedule = Plateau(trainer.optimizer, 0.25)
    history = trainer.fit(4)
    rates = [row["lr"] for row in history.rows if row["validation_loss"] is not None]
    assert rates == [8.0, 8.0, 2.0, 2.0]
    assert trainer.optimizer.lr == 0.5
    assert history.column("validation_loss")[1] == [3.0, 3.5, 2.0, 2.5]


def test_validation_leaves_no_trace_in_training():
    """The same bits with and without it: it neither draws masks nor leaves caches nor changes the mode."""
    results = []
    for validates in (False, True):
        model = model_of(layers=2, dropout=0.4)
        validate = (lambda model=model: {"loss": evaluate_text(model, language(40))[0]}) if validates else None
        trainer_of(model, validate=validate).fit(2)
        assert model.training
        assert model.pending() == 0
        results.append(copies(model))
    assert unchanged(model, results[0])


def test_independent_batches_carry_no_state():
    """Whatever state the model returns: only batches that say ``carries_state`` continue each other."""

    class Independent:
        def __len__(self):
            return 3

        def batch(self, epoch, k):
            return np.full((1, 4), k, dtype=np.int32), np.full((1, 4), k, dtype=np.int32)

    model = Recorder()
    trainer = Trainer(model, SGD(model.parameters(), 0.1), Independent(), progress=False)
    trainer.fit(2)
    assert model.states == [None] * 6
    assert trainer.state is None


def test_the_loss_breaks_ties_of_the_metric():
    given = iter([(0.5, 0.9), (0.9, 0.4), (0.9, 0.3), (0.9, 0.35)])
    figures = lambda: dict(zip(("accuracy", "loss"), next(given), strict=True))  # noqa: E731
    trainer = trainer_of(validate=figures, metric="accuracy", higher_is_better=True)
    trainer.fit(4)
    assert (trainer.best_epoch, trainer.best) == (3, {"accuracy": 0.9, "loss": 0.3})
