"""Models: layers with a loss, and with a ``config`` from which they can be built again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from scratchnn.backend import Array, Generator
from scratchnn.core.layer import Layer
from scratchnn.errors import CheckpointError

M = TypeVar("M", bound="Model")


class Model(Layer):
    """A layer with a loss and a ``config``: what the training loop and the saved file of a run need.

    Attributes:
        config: the keyword arguments that build the model again, ``rng`` left out: numbers, strings, booleans, None, and
            lists and dicts of these, which JSON can store. Saved with the parameters.
    """

    config: dict[str, Any]

    @classmethod
    def from_config(cls: type[M], config: dict[str, Any], rng: Generator | None = None) -> M:
        """A new model with the ``config`` of another one.

        Args:
            config: keyword arguments of the class.
            rng: draws weights and masks; a generator with seed 0 if None, which is enough if saved values are then loaded.

        Raises:
            CheckpointError: ``config`` lacks an argument of the class, or has one that the class does not take.
        """
        arguments = {**config, "rng": np.random.default_rng(0) if rng is None else rng}
        try:
            signature(cls).bind(**arguments)
        except TypeError as error:
            raise CheckpointError(f"{cls.__name__} cannot be built from the saved config: {error}") from None
        return cls(**arguments)

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, Any]:
        """The mean loss (), the number of targets that it is the mean of, and the state to carry on."""
        raise TypeError(f"{type(self).__name__} does not define loss")

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``.

        Args:
            dloss: the gradient with respect to that loss. One large batch split into several has n_k / n here, the share of
                the k-th part in the number of targets: the gradients then add up to those of the whole.
        """
        raise TypeError(f"{type(self).__name__} does not define backward_loss")

    def inputs(self, batch: tuple[Array, ...]) -> tuple[Array, ...]:
        """The arrays of a batch that are arguments of ``forward``; here all but the last, the targets."""
        return batch[:-1]

    def figures(self, loss: float) -> dict[str, float]:
        """Named figures that follow from a mean loss, for the history and the progress bar; here the loss alone."""
        return {"loss": loss}

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """Evaluation mode inside the ``with`` block; afterwards the mode that the model was in before."""
        was_training = self.training
        if was_training:
            self.evaluate()
        try:
            yield
        finally:
            if was_training:
                self.train()

    def __repr__(self) -> str:
        """Class, ``config`` if the model has one, and number of parameters."""
        settings = [f"{name}={value!r}" for name, value in getattr(self, "config", {}).items()]
        size = sum(parameter.data.size for parameter in self._find_parameters().values())
        return f"{type(self).__name__}({', '.join([*settings, f'{size:,} parameters'])})"
