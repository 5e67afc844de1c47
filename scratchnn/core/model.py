"""Models: layers that know their loss."""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array
from scratchnn.core.layer import Layer


class Model(Layer):
    """A layer that knows its loss: what the training loop asks for."""

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, Any]:
        """The mean loss (), the number of targets it is the mean of, and the state to carry on with."""
        raise TypeError(f"{type(self).__name__} does not define loss")

    def backward_loss(self) -> None:
        """Backward from the latest ``loss``."""
        raise TypeError(f"{type(self).__name__} does not define backward_loss")
