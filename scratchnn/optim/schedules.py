"""Learning-rate schedules: how the lr of an optimizer changes from epoch to epoch. Epochs are counted from 1.

    step       lr <- lr factor      after epochs after, after + every, after + 2 every ...                          (1)
    plateau    lr <- lr factor      after more than patience epochs in a row without a new best validation loss     (2)
    cosine     lr = minimum + (start - minimum) (1 + cos(pi epoch / epochs)) / 2                                    (3)

(1) with after=4, every=1, factor=0.5 is used for the small model of Zaremba, Sutskever and Vinyals (2014): four epochs at
the first rate, half of it in the fifth, a quarter in the sixth. (2) with factor=0.25 and patience=0 is the rule of Saitoh,
*Deep Learning from Scratch 2* (2018), chapter 6: a quarter of the rate after each epoch without improvement. (3), with
``epoch`` epochs done and ``start`` the rate of the first, is Loshchilov and Hutter (2017), equation 5, without restarts.

A schedule changes the ``lr`` of the optimizer, which saves it. Whatever else a schedule needs is in its own state.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, inf, pi

from scratchnn.errors import CheckpointError, DataError
from scratchnn.optim.optimizers import Optimizer, check_range


class Schedule:
    """Base of all schedules: call ``after_epoch`` once at the end of each epoch."""

    remembers: tuple[str, ...] = ()  # attributes that make up the state

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer

    def after_epoch(self, epoch: int, validation_loss: float | None = None) -> None:
        """Set the learning rate of epoch ``epoch`` + 1; the loss is that of epoch ``epoch``."""
        raise TypeError(f"{type(self).__name__} does not define after_epoch")

    def state_dict(self) -> dict[str, float | None]:
        """Everything except the learning rate, as numbers or None, which JSON can store."""
        return {name: getattr(self, name) for name in self.remembers}

    def load_state_dict(self, state: Mapping[str, float | None]) -> None:
        """Load a saved state; its names must be those of ``state_dict``."""
        if set(state) != set(self.remembers):
            raise CheckpointError(
                f"{type(self).__name__}: the saved state has {sorted(state)}, expected {sorted(self.remembers)}"
            )
        for name in self.remembers:
            setattr(self, name, state[name])


class StepDecay(Schedule):
    """Equation (1): the first rate for ``after`` epochs, then multiplied by ``factor`` every ``every`` epochs."""

    def __init__(self, optimizer: Optimizer, factor: float, after: int = 1, every: int = 1):
        super().__init__(optimizer)
        self.factor = check_factor(factor, "StepDecay")
        self.after, self.every = check_count(after, "StepDecay", "after"), check_count(every, "StepDecay", "every")

    def after_epoch(self, epoch: int, validation_loss: float | None = None) -> None:
        """Set the learning rate of epoch ``epoch`` + 1."""
        if epoch >= self.after and (epoch - self.after) % self.every == 0:
            self.optimizer.lr *= self.factor  # (1)


class Plateau(Schedule):
    """Equation (2): multiply the rate by ``factor`` if the validation loss has stopped falling."""

    remembers = ("best", "epochs_without")

    def __init__(self, optimizer: Optimizer, factor: float = 0.25, patience: int = 0):
        super().__init__(optimizer)
        self.factor = check_factor(factor, "Plateau")
        self.patience = int(check_range(patience, 0, inf, "Plateau", "patience"))
        self.best: float | None = None
        self.epochs_without = 0

    def after_epoch(self, epoch: int, validation_loss: float | None = None) -> None:
        """Set the learning rate of epoch ``epoch`` + 1; a loss of NaN is no improvement."""
        if validation_loss is None:
            raise DataError("Plateau: needs a validation loss after every epoch")
        if validation_loss < (inf if self.best is None else self.best):
            self.best, self.epochs_without = float(validation_loss), 0
            return
        self.epochs_without += 1
        if self.epochs_without > self.patience:
            self.optimizer.lr *= self.factor  # (2)
            self.epochs_without = 0


class Cosine(Schedule):
    """Equation (3): half a cosine wave from the first rate down to ``minimum``, reached after ``epochs`` epochs."""

    remembers = ("start",)

    def __init__(self, optimizer: Optimizer, epochs: int, minimum: float = 0.0):
        super().__init__(optimizer)
        self.epochs = check_count(epochs, "Cosine", "epochs")
        self.minimum = check_range(minimum, 0, inf, "Cosine", "minimum")
        self.start = optimizer.lr

    def after_epoch(self, epoch: int, validation_loss: float | None = None) -> None:
        """Set the learning rate of epoch ``epoch`` + 1; it stays at the minimum after ``epochs`` epochs."""
        wave = (1 + cos(pi * min(epoch / self.epochs, 1))) / 2
        self.optimizer.lr = self.minimum + (self.start - self.minimum) * wave  # (3)


def check_factor(value: float, owner: str) -> float:
    """``value`` itself if it is above 0 and at most 1; a ``DataError`` otherwise."""
    if not 0 < value <= 1:
        raise DataError(f"{owner}: factor must be above 0 and at most 1, got {value}")
    return value


def check_count(value: int, owner: str, name: str) -> int:
    """``value`` itself if it is 1 or more; a ``DataError`` otherwise."""
    if not value >= 1:
        raise DataError(f"{owner}: {name} must be 1 or more, got {value}")
    return value
