"""An epoch of training as a user's program has it, for the benchmarks of whole models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from scratchnn.core import Model
from scratchnn.optim import Adam, clip_by_norm, global_norm
from scratchnn.training.trainer import read_scalars


def adam_epoch(
    model: Model,
    batches: Callable[[], Iterable[Any]],
    lr: float,
    max_norm: float,
    before: Callable[[int, Any], Any] = lambda k, state: None,
) -> Callable[[], None]:
    """One pass over the batches: loss, backward, clipping by norm, Adam, reading the loss.

    Args:
        model: on the library of the batches.
        batches: returns the batches of an epoch, each as ``model.loss`` takes it.
        lr, max_norm: of Adam and of the clipping.
        before: the state that batch ``k`` starts from, if ``state`` is the one after the batch before it.
    """
    parameters = model.parameters()
    optimizer = Adam(parameters, lr=lr)

    def epoch() -> None:
        state = None
        for k, batch in enumerate(batches()):
            loss, _, state = model.loss(batch, before(k, state))
            model.backward_loss()
            _, norm = read_scalars(loss, global_norm(parameters))
            clip_by_norm(parameters, max_norm, norm)
            optimizer.step()
            model.clear_gradients()

    return epoch
