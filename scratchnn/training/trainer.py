"""The training loop: forward, backward, clip, step, and everything around it that a long run needs.

One step of truncated BPTT:

    loss, count, state = model.loss(batch, state)      the state carried over from the batch before
    model.backward_loss()
    norm = global_norm(gradients)                      NaN or infinity stops the run, with the parameter's name
    gradients *= min(1, max_norm / norm)
    optimizer.step()

All that changes during a run is its parameters, the optimizer's and the schedule's state, the state carried over, the
position (epoch, batch), and what has been recorded. A checkpoint holds all of it. Random masks are drawn from generators
that start anew at each step from the run's seed and the step's number, and the order of the data is a function of the
epoch, so the position stands for them too. That is why a run that was killed and resumed ends with the same bits as one
that was not.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from scratchnn.backend import Array, array_module, backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.core.nested import fill, flatten, outline
from scratchnn.errors import CacheError, CheckpointError, DataError, NonFiniteError, whole_number
from scratchnn.optim import Optimizer, Schedule, check_finite, clip_by_norm, global_norm
from scratchnn.training.checkpoint import load_arrays, save_arrays, under_prefix, with_prefix
from scratchnn.training.history import History


class Batches(Protocol):
    """What the loop asks of data: how many batches an epoch has, and batch ``k`` of an epoch, a tuple of arrays."""

    def __len__(self) -> int:
        """Number of batches in an epoch."""

    def batch(self, epoch: int, k: int) -> tuple[np.ndarray, ...]:
        """The same batch for the same arguments, every time."""


class Trainer:
    """Trains a model for a number of epochs, with checkpoints.

    Args:
        model: what to train.
        optimizer: over the model's parameters.
        batches: the training data.
        seed: of the random masks.
        max_norm: bound on the norm of all gradients together; none where absent.
        schedule: told of the validation loss after each epoch.
        validate: computes the validation loss; after each epoch.
        patience: epochs without a better validation loss after which training stops; never where absent.
        skip_nonfinite: leave out a step whose gradients are not finite, and count it in ``skipped``, rather than stop
            with an error; then a validation loss that is not finite is no improvement rather than an error.
        checkpoint: file for checkpoints; none where absent.
        checkpoint_every: steps between two checkpoints; there is always one after an epoch.
        record_every: steps between two rows of the history.
        on_epoch: called with the trainer after each epoch, before its checkpoint.
        progress: whether to show a progress bar (on a terminal).
        perplexity: whether that bar shows exp(loss), as for a language model, in place of the loss.
        identity: plain values that a checkpoint must agree with to be continued (architecture, settings, data); the names
            of the optimizer's and the schedule's class are part of it unless given.
    """

    def __init__(
        self,
        model: Model,
        optimizer: Optimizer,
        batches: Batches,
        *,
        seed: int = 0,
        max_norm: float | None = None,
        schedule: Schedule | None = None,
        validate: Callable[[], float] | None = None,
        patience: int | None = None,
        skip_nonfinite: bool = False,
        checkpoint: Path | None = None,
        checkpoint_every: int = 1000,
        record_every: int = 100,
        on_epoch: Callable[[Trainer], None] | None = None,
        progress: bool = True,
        perplexity: bool = False,
        identity: dict[str, Any] | None = None,
    ):
        if max_norm is not None and not max_norm > 0:
            raise DataError(f"Trainer: max_norm must be above 0, got {max_norm}")
        if patience is not None and validate is None:
            raise DataError("Trainer: patience needs validate, which computes the loss that is to improve")
        self.model, self.optimizer, self.batches = model, optimizer, batches
        self.seed, self.max_norm, self.schedule = seed, max_norm, schedule
        self.validate, self.skip_nonfinite = validate, skip_nonfinite
        self.patience = None if patience is None else whole_number(patience, "Trainer: patience")
        self.checkpoint, self.on_epoch = checkpoint, on_epoch
        self.checkpoint_every = whole_number(checkpoint_every, "Trainer: checkpoint_every")
        self.record_every = whole_number(record_every, "Trainer: record_every")
        self.progress, self.perplexity = progress, perplexity
        kinds = {"optimizer": type(optimizer).__name__, "schedule": None if schedule is None else type(schedule).__name__}
        self.identity = json.loads(json.dumps(kinds | (identity or {})))  # as it will stand in the checkpoint
        self.epoch, self.position, self.step = 0, 0, 0  # epochs done, batches of this epoch done, steps done
        self.skipped = 0
        self.state: Any = None
        self.history = History()
        self.best_loss: float | None = None
        self.best_epoch = 0

    def fit(self, epochs: int) -> History:
        """Train until ``epochs`` epochs are done in all, or until early stopping; returns the history."""
        self.model.train()
        while not self.done(epochs):
            self._run_epoch(epochs)
            self._finish_epoch()
            self.save()
        return self.history

    def _run_epoch(self, epochs: int) -> None:
        bar = tqdm(
            total=len(self.batches),
            initial=self.position,
            desc=f"epoch {self.epoch + 1}/{epochs}",
            unit="batch",
            disable=None if self.progress else True,  # None: shown on a terminal only
            ncols=100,
            nrows=20,  # given, so that a terminal which does not tell its size (docker, script) shows the bar too
        )
        with bar:
            clock = time.perf_counter()
            while self.position < len(self.batches):
                loss, count, norm = self._one_step()
                self.position += 1
                self.step += 1
                now = time.perf_counter()
                self.history.add(loss, count, norm, now - clock)
                clock = now
                if self.position % 10 == 0 or self.position == len(self.batches):
                    bar.set_postfix_str(self.history.summary(self.perplexity), refresh=False)
                bar.update()
                if self.position % self.record_every == 0 and self.position < len(self.batches):
                    self.history.record(self.epoch + 1, self.step, self.optimizer.lr)
                if self.step % self.checkpoint_every == 0 and self.position < len(self.batches):
                    self.save()

    def _one_step(self) -> tuple[float, int, float]:
        """One batch: returns loss, number of targets, and norm of the gradients before clipping."""
        model, parameters = self.model, self.model.parameters()
        model.reseed(self.seed, self.step)
        name = backend_name(parameters[0].data)
        batch = tuple(move(np.ascontiguousarray(part), name) for part in self.batches.batch(self.epoch, self.position))
        try:
            loss, count, state = model.loss(batch, self.state)
            model.backward_loss()
            if model.pending():
                raise CacheError(
                    f"{type(model).__name__}: {model.pending()} forward calls had no backward call in this step; "
                    "call discard_caches() on what is not to be trained"
                )
            loss_value, norm = read_scalars(loss, global_norm(parameters))
            if not (np.isfinite(loss_value) and np.isfinite(norm)):
                if not self.skip_nonfinite:
                    check_finite(model.named_parameters(), norm)
                    raise NonFiniteError(f"the loss is {loss_value} at step {self.step + 1}; lower the learning rate")
                self.skipped += 1
                return 0.0, 0, 0.0  # the step does not count, and its state is not carried on
            if self.max_norm is not None:
                clip_by_norm(parameters, self.max_norm, norm)
            self.optimizer.step()
        finally:  # so that after an error, or Ctrl-C in a notebook, ``fit`` can go on
            model.clear_gradients()
            model.discard_caches()
        self.state = state
        return loss_value, count, norm

    def _finish_epoch(self) -> None:
        """Validate, record, and set the position for the next epoch."""
        validation = None if self.validate is None else float(self.validate())
        if validation is not None and not np.isfinite(validation) and not self.skip_nonfinite:
            raise NonFiniteError(
                f"the validation loss is {validation} after epoch {self.epoch + 1}; lower the learning rate"
            )
        self.epoch += 1
        self.position = 0
        self.history.record(self.epoch, self.step, self.optimizer.lr, validation)
        if validation is not None and validation < (np.inf if self.best_loss is None else self.best_loss):
            self.best_loss, self.best_epoch = validation, self.epoch
        if self.schedule is not None:
            self.schedule.after_epoch(self.epoch, validation)
        if self.on_epoch is not None:
            self.on_epoch(self)

    def done(self, epochs: int) -> bool:
        """Whether ``epochs`` epochs are over, or the validation loss has not improved for ``patience`` of them."""
        stale = self.patience is not None and self.epoch - self.best_epoch >= self.patience
        return self.epoch >= epochs or stale

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint, if there is a file for it."""
        if self.checkpoint is None:
            return
        meta = {
            "identity": self.identity,
            "seed": self.seed,
            "epoch": self.epoch,
            "position": self.position,
            "step": self.step,
            "skipped": self.skipped,
            "carried": outline(self.state),
            "history": self.history.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
        }
        arrays = {
            **with_prefix("model", self.model.state_dict()),
            **with_prefix("optimizer", self.optimizer.state_dict()),
            **with_prefix("carried", {str(k): array for k, array in enumerate(flatten(self.state))}),
        }
        save_arrays(self.checkpoint, arrays, meta)

    def resume(self) -> bool:
        """Continue from the checkpoint file where there is one; returns whether there was."""
        if self.checkpoint is None or not os.path.exists(self.checkpoint):
            return False
        arrays, meta = load_arrays(self.checkpoint)
        if "identity" not in meta:
            raise CheckpointError(f"{self.checkpoint} is not a training checkpoint")
        for key, value in self.identity.items():
            if meta["identity"].get(key) != value:
                raise CheckpointError(
                    f"{self.checkpoint} was written with {key} = {meta['identity'].get(key)!r}, this run has {value!r}"
                )
        self.model.load_state_dict(under_prefix("model", arrays))
        self.optimizer.load_state_dict(under_prefix("optimizer", arrays))
        name = backend_name(self.model.parameters()[0].data)
        carried = under_prefix("carried", arrays)
        self.state = fill(meta["carried"], [move(carried[str(k)], name) for k in range(len(carried))])
        self.history.load_state_dict(meta["history"])
        if self.schedule is not None:
            self.schedule.load_state_dict(meta["schedule"])
        for key in ("seed", "epoch", "position", "step", "skipped", "best_loss", "best_epoch"):
            setattr(self, key, meta[key])
        return True


def read_scalars(*scalars: Array) -> list[float]:
    """Arrays of shape () as Python floats, fetched from a GPU in one transfer."""
    xp = array_module(scalars[0])
    return to_numpy(xp.stack([scalar.astype("float64") for scalar in scalars])).tolist()
