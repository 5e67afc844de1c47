"""The training loop: forward, backward, clip, step, and everything around it that a long run needs.

One step of truncated BPTT:

    loss, count, state = model.loss(batch, state)      the state carried over from the batch before
    model.backward_loss()
    norm = global_norm(gradients)                      NaN or infinity stops the run, with the parameter's name
    gradients *= min(1, max_norm / norm)
    optimizer.step()

A step may accumulate the gradients of several batches (``gradients.py``).

What changes during a run: the parameters, the optimizer's and the schedule's state, the state carried over, the position
(epoch, batch), and the history. A checkpoint contains all of it. Random masks are drawn from generators that start anew at
each step from the run's seed and the step's number, and the order of the data is a function of the epoch, so the position
is enough to restore them too. That is why a run that was killed and resumed ends with the same bits as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import Array, backend_name, move, threads_for
from scratchnn.core import Model
from scratchnn.core.nested import fill, flatten, outline
from scratchnn.errors import DataError, NonFiniteError, whole_number
from scratchnn.optim import Optimizer, Schedule, check_finite, clip_by_norm, global_norm
from scratchnn.terminal import Estimate, progress_bar
from scratchnn.training.batches import Batches, state_before
from scratchnn.training.checkpoint import under_prefix, with_prefix
from scratchnn.training.gradients import compute_gradients, read_scalars
from scratchnn.training.history import History
from scratchnn.training.products import product_size
from scratchnn.training.progress import load_progress, plain, refuses_damage, save_progress

POSITION = ("seed", "epoch", "position", "step", "skipped", "best", "best_epoch")  # of a run, in its checkpoint


class Trainer:
    """Trains a model for a number of epochs, with checkpoints.

    Args:
        model: what to train.
        optimizer: over the model's parameters.
        batches: the training data.
        seed: of the random masks.
        max_norm: bound on the norm of all gradients together; no bound if None.
        accumulate: batches per step; more than one needs batches that carry no state.
        schedule: sets the learning rate after each epoch, by the figure ``metric`` (negated if higher is better).
        validate: computes named figures of the validation part; called after each epoch.
        metric: the validation figure that decides which epoch is best; the loss breaks ties.
        higher_is_better: whether a larger value of ``metric`` is the better one.
        patience: training stops after this many epochs without a better ``metric``; never if None.
        skip_nonfinite: skip a step whose gradients are not finite, and count it in ``skipped``, rather than raise; then a
            validation figure that is not finite is no improvement rather than an error.
        checkpoint: file for checkpoints; none are written if None.
        checkpoint_every: steps between two checkpoints; there is always one after an epoch.
        record_every: batches between two rows of the history.
        on_best: called with the trainer after an epoch that is the best so far, before its checkpoint: to save the model.
            If it raises, the next call of ``fit`` begins with it.
        on_epoch: called with the trainer after each epoch and its checkpoint: to report. If it raises, nothing is lost.
            What it changes is not in that checkpoint.
        progress: whether to show a progress bar (on a terminal or in a notebook), and after some seconds how long it takes.
        identity: plain values that a checkpoint must agree with to be continued (architecture, settings, data); the names
            of the optimizer's and the schedule's class are added.

    Attributes:
        epoch, position, step: epochs done, batches of the next epoch done, steps done.
        history: the ``History`` so far.
        best: the validation figures of the best epoch; None before the first validation.
        best_epoch: its number, from 1; 0 before the first validation.
        skipped: number of steps that were skipped.
        unsaved: whether an epoch has ended whose model or checkpoint could not be written; ``fit`` writes them first.
    """

    def __init__(
        self,
        model: Model,
        optimizer: Optimizer,
        batches: Batches,
        *,
        seed: int = 0,
        max_norm: float | None = None,
        accumulate: int = 1,
        schedule: Schedule | None = None,
        validate: Callable[[], Mapping[str, float]] | None = None,
        metric: str = "loss",
        higher_is_better: bool = False,
        patience: int | None = None,
        skip_nonfinite: bool = False,
        checkpoint: Path | None = None,
        checkpoint_every: int = 1000,
        record_every: int = 100,
        on_best: Callable[[Trainer], None] | None = None,
        on_epoch: Callable[[Trainer], None] | None = None,
        progress: bool = True,
        identity: dict[str, Any] | None = None,
    ):
        if max_norm is not None and not max_norm > 0:
            raise DataError(f"Trainer: max_norm must be above 0, got {max_norm}")
        if patience is not None and validate is None:
            raise DataError("Trainer: patience needs validate, which computes the figure that is to improve")
        self.accumulate = whole_number(accumulate, "Trainer: accumulate")
        if accumulate > 1 and getattr(batches, "carries_state", False):
            raise DataError(
                f"Trainer: accumulate = {accumulate} needs batches that are independent of each other, but each of these "
                "continues the one before; use larger batches instead"
            )
        self.model, self.optimizer, self.batches = model, optimizer, batches
        self.seed, self.max_norm, self.schedule = seed, max_norm, schedule
        self.validate, self.metric, self.higher_is_better = validate, metric, higher_is_better
        self.skip_nonfinite = skip_nonfinite
        self.patience = None if patience is None else whole_number(patience, "Trainer: patience")
        self.checkpoint, self.on_best, self.on_epoch = checkpoint, on_best, on_epoch
        self.checkpoint_every = whole_number(checkpoint_every, "Trainer: checkpoint_every")
        self.record_every = whole_number(record_every, "Trainer: record_every")
        self.progress = progress
        kinds = {"optimizer": type(optimizer).__name__, "schedule": None if schedule is None else type(schedule).__name__}
        self.identity = plain(kinds | (identity or {}))
        self.epoch, self.position, self.step = 0, 0, 0
        self.skipped = 0
        self.unsaved = False
        self.state: Any = None
        self.history = History(model.figures)
        self.best: dict[str, float] | None = None
        self.best_epoch = 0

    def fit(self, epochs: int) -> History:
        """Train until ``epochs`` epochs are done in all, or until early stopping; returns the history."""
        self.model.train()
        left = (epochs - self.epoch) * len(self.batches) - self.position
        what = "the rest" if self.step else f"{epochs} epoch{'s' if epochs > 1 else ''}"
        estimate = Estimate(what, left)
        self._save_epoch()
        while not self.done(epochs):
            with threads_for(product_size(self.model, len(self.batches.batch(self.epoch, 0)[0]))):
                self._run_epoch(epochs, estimate)
                self._finish_epoch()
            self._save_epoch()
            if self.on_epoch is not None:
                self.on_epoch(self)
        return self.history

    def _run_epoch(self, epochs: int, estimate: Estimate) -> None:
        bar = progress_bar(
            show=self.progress,
            total=len(self.batches),
            initial=self.position,
            desc=f"epoch {self.epoch + 1}/{epochs}",
            unit="batch",
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]",
        )
        with bar:
            clock = time.perf_counter()
            while self.position < len(self.batches):
                group = range(self.position, min(self.position + self.accumulate, len(self.batches)))
                loss, count, norm = self._one_step(group)
                before, self.position = self.position, group.stop
                self.step += 1
                now = time.perf_counter()
                self.history.add(loss, count, norm, now - clock)
                clock = now
                last = self.position == len(self.batches)
                if last or self.step % 10 == 0:
                    bar.set_postfix_str(self.history.summary(), refresh=False)
                bar.update(len(group))
                if self.progress:
                    estimate.update(self.epoch * len(self.batches) + self.position, bar)
                if before // self.record_every < self.position // self.record_every and not last:
                    self.history.record(self.epoch + 1, self.step, self.optimizer.lr)
                if self.step % self.checkpoint_every == 0 and not last:
                    self.save()

    # --- one step ----------------------------------------------------------------------------------------------------

    def _one_step(self, group: range) -> tuple[float, int, float]:
        """A step on the batches ``group`` of this epoch: loss, number of targets, norm of the gradients before clipping."""
        self.model.reseed(self.seed, self.step)
        self.state = state_before(self.batches, self.epoch, group.start, self.state)
        try:
            loss, count, state = self.compute_gradients([self.batches.batch(self.epoch, k) for k in group])
            loss_value, norm = read_scalars(loss, global_norm(self.model.parameters()))
            if not (np.isfinite(loss_value) and np.isfinite(norm)):
                if not self.skip_nonfinite:
                    check_finite(self.model.named_parameters(), norm)
                    raise NonFiniteError(f"the loss is {loss_value} at step {self.step + 1}; lower the learning rate")
                self.skipped += 1
                return 0.0, 0, 0.0  # the step does not count, and its state is not carried on
            self.apply_gradients(norm)
        finally:  # so that after an error, or Ctrl-C in a notebook, ``fit`` can go on
            self.model.clear_gradients()
            self.model.discard_caches()
        self.state = state if getattr(self.batches, "carries_state", False) else None
        return loss_value, count, norm

    def compute_gradients(self, batches: list[tuple[np.ndarray, ...]]) -> tuple[Array, int, Any]:
        """Forward and backward over the batches of one step, from the state carried over; see ``gradients.py``."""
        return compute_gradients(self.model, batches, self.state)

    def apply_gradients(self, norm: float) -> None:
        """Clip the gradients, whose norm is given, and let the optimizer move the parameters."""
        if self.max_norm is not None:
            clip_by_norm(self.model.parameters(), self.max_norm, norm)
        self.optimizer.step()

    # --- after an epoch ----------------------------------------------------------------------------------------------

    def _finish_epoch(self) -> None:
        """Validate, record, and set the position for the next epoch."""
        figures = None if self.validate is None else {name: float(value) for name, value in self.validate().items()}
        if figures is not None and self.metric not in figures:
            raise DataError(f"Trainer: validate returned {', '.join(figures)}, but the metric is {self.metric}")
        for name, value in (figures or {}).items():
            if not np.isfinite(value) and not self.skip_nonfinite:
                raise NonFiniteError(
                    f"the validation {name} is {value} after epoch {self.epoch + 1}; lower the learning rate"
                )
        self.epoch += 1
        self.position = 0
        self.unsaved = True
        self.history.record(self.epoch, self.step, self.optimizer.lr, figures)
        if figures is not None and self._rank(figures) < self._rank(self.best):
            self.best, self.best_epoch = figures, self.epoch
        if self.schedule is not None:
            self.schedule.after_epoch(self.epoch, None if figures is None else self._cost(figures))

    def _save_epoch(self) -> None:
        """Let the best model be saved and write the checkpoint, unless both are done already."""
        if not self.unsaved:
            return
        if self.on_best is not None and self.best_epoch == self.epoch:
            self.on_best(self)
        self.save()
        self.unsaved = False

    def _cost(self, figures: Mapping[str, float]) -> float:
        """The deciding figure as something to be made small."""
        return -figures[self.metric] if self.higher_is_better else figures[self.metric]

    def _rank(self, figures: Mapping[str, float] | None) -> tuple[float, float]:
        """What decides which epoch is best, smallest first; the loss breaks ties, which accuracies often have."""
        return (np.inf, np.inf) if figures is None else (self._cost(figures), figures.get("loss", 0.0))

    def done(self, epochs: int) -> bool:
        """Whether ``epochs`` epochs are over, or the metric has not improved for ``patience`` of them."""
        stale = self.patience is not None and self.epoch - self.best_epoch >= self.patience
        return self.epoch >= epochs or stale

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint, if there is a file for it."""
        if self.checkpoint is None:
            return
        meta = {name: getattr(self, name) for name in POSITION}
        meta |= {
            "carried": outline(self.state),
            "history": self.history.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
        }
        arrays = {
            **with_prefix("model", self.model.state_dict()),
            **with_prefix("optimizer", self.optimizer.state_dict()),
            **with_prefix("carried", {str(k): array for k, array in enumerate(flatten(self.state))}),
        }
        save_progress(self.checkpoint, type(self).__name__, self.identity, arrays, meta)

    @refuses_damage
    def resume(self) -> bool:
        """Continue from the checkpoint file if it exists; returns whether it did."""
        found = load_progress(self.checkpoint, type(self).__name__, self.identity)
        if found is None:
            return False
        arrays, meta = found
        self.model.load_state_dict(under_prefix("model", arrays))
        self.optimizer.load_state_dict(under_prefix("optimizer", arrays))
        name = backend_name(self.model.parameters()[0].data)
        carried = under_prefix("carried", arrays)
        self.state = fill(meta["carried"], [move(carried[str(k)], name) for k in range(len(carried))])
        self.history.load_state_dict(meta["history"])
        if self.schedule is not None:
            self.schedule.load_state_dict(meta["schedule"])
        for key in POSITION:
            setattr(self, key, meta[key])
        return True
