"""A trainer that is interrupted at any step and in any place, and resumed, ends with the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from small_text import arrays_and_meta

from scratchnn.data import TokenStreams
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import Adam, Plateau
from scratchnn.recurrent.cells import CELLS
from scratchnn.training import Trainer

pytestmark = pytest.mark.usefixtures("quick")
EPOCHS, STEPS = 3, 4  # four batches per epoch


class Interrupted(Exception):
    """Raised at the moment at which a process would be killed."""


def make_trainer(path, cell, every):
    """The same run each time: two layers, dropout, tied weights, Adam with rows, a schedule, an early stop."""
    rng = np.random.default_rng(3)
    sizes = {"embedding_size": 4, "hidden_size": 4, "layers": 2, "dropout": 0.3, "tied": cell == "gru"}
    model = LanguageModel(9, **sizes, cell=cell, rng=rng)
    ids = np.random.default_rng(4).integers(0, 9, 3 * 18 + 1).astype(np.int32)
    optimizer = Adam(model.parameters(), 0.05)

    def validate():
        """The first epoch is the best. If that is lost, the third looks like an improvement on the second."""
        loss = evaluate_text(model, ids[:20])[0]
        return model.figures([loss, 99.0, 98.0][trainer.epoch])

    trainer = Trainer(
        model,
        optimizer,
        TokenStreams(ids, 3, 4),  # four batches leave two ids of each stream unused
        seed=5,
        max_norm=0.5,
        schedule=Plateau(optimizer, 0.5),
        validate=validate,
        patience=9,
        checkpoint=path,
        checkpoint_every=every,
        record_every=2,
        on_epoch=lambda trainer: None,
    )
    return trainer


def interrupt(trainer, place, k):
    """Let call number ``k`` of a part of the loop raise, before or after it has done its work."""
    owner, name, moment = {
        "batch": (trainer.batches, "batch", "before"),
        "loss": (trainer.model, "loss", "after"),
        "backward": (trainer.model, "backward_loss", "after"),
        "step": (trainer.optimizer, "step", "after"),
        "validate": (trainer, "validate", "after"),
        "on_epoch": (trainer, "on_epoch", "before"),
        "save": (trainer, "save", "after"),
    }[place]
    original, calls = getattr(owner, name), []

    def counted(*args):
        calls.append(args)
        if len(calls) > k and moment == "before":
            raise Interrupted
        result = original(*args)
        if len(calls) > k:
            raise Interrupted
        return result

    setattr(owner, name, counted)


def final(trainer):
    """Everything that a run produces, apart from times."""
    arrays, meta = arrays_and_meta(trainer.checkpoint)
    parameters = {name: value.tobytes() for name, value in trainer.model.state_dict().items()}
    return (
        arrays,
        meta,
        parameters,
        trainer.step,
        trainer.epoch,
        trainer.optimizer.lr,
        trainer.best,
        trainer.best_epoch,
    )


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_interrupted_after_every_step(tmp_path, cell, every):
    undisturbed = make_trainer(tmp_path / "undisturbed.npz", cell, every)
    undisturbed.fit(EPOCHS)
    assert undisturbed.step == EPOCHS * STEPS
    for k in range(EPOCHS * STEPS):
        path = tmp_path / f"{k}.npz"
        first = make_trainer(path, cell, every)
        interrupt(first, "step", k)
        with pytest.raises(Interrupted):
            first.fit(EPOCHS)
        second = make_trainer(path, cell, every)
        assert second.resume() == path.exists()
        second.fit(EPOCHS)
        assert final(second) == final(undisturbed)


@pytest.mark.parametrize("place", ["batch", "loss", "backward", "validate", "on_epoch", "save"])
def test_interrupted_again_and_again_in_every_place(tmp_path, place):
    """Each attempt gets a little further than the one before."""
    undisturbed = make_trainer(tmp_path / "undisturbed.npz", "lstm", 2)
    undisturbed.fit(EPOCHS)
    path = tmp_path / "run.npz"
    interruptions = 0
    for k in range(1, 40):
        trainer = make_trainer(path, "lstm", 2)
        trainer.resume()
        interrupt(trainer, place, k)
        try:
            trainer.fit(EPOCHS)
            break
        except Interrupted:
            interruptions += 1
    assert interruptions
    assert final(trainer) == final(undisturbed)


def test_a_trainer_can_be_continued_in_the_same_process(tmp_path):
    """Ctrl-C in a notebook, then ``fit`` again: no caches or gradients are left in the way."""
    undisturbed = make_trainer(tmp_path / "undisturbed.npz", "lstm", 2)
    undisturbed.fit(EPOCHS)
    trainer = make_trainer(tmp_path / "run.npz", "lstm", 2)
    original, calls = trainer.model.backward_loss, []

    def sometimes():
        calls.append(1)
        if len(calls) in (2, 5):
            raise KeyboardInterrupt
        original()

    trainer.model.backward_loss = sometimes
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(EPOCHS)
        assert trainer.model.pending() == 0
    trainer.fit(EPOCHS)
    assert final(trainer) == final(undisturbed)
