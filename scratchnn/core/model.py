"""Models: layers that know their loss, and what they need to be built again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from scratchnn.backend import Array, Generator
from scratchnn.core.layer import Layer

M = TypeVar("M", bound="Model")


class Model(Layer):
    """A layer that knows its loss: what the training loop asks for.

    Attributes:
        config: the arguments of the constructor apart from ``rng``, as plain values that JSON can hold; saved with the
            parameters, so that ``from_config`` can build the model again.
    """

    config: dict[str, Any]

    @classmethod
    def from_config(cls: type[M], config: dict[str, Any], rng: Generator) -> M:
        """The model that ``config`` describes, with fresh parameters drawn from ``rng``."""
        return cls(**config, rng=rng)  # type: ignore[call-arg]

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, Any]:
        """The mean loss (), the number of targets that it is the mean of, and the state to carry on."""
        raise TypeError(f"{type(self).__name__} does not define loss")

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        raise TypeError(f"{type(self).__name__} does not define backward_loss")

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
