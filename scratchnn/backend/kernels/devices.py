"""What the kernels' host side asks of a device, and which devices there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from scratchnn.backend.arrays import Array, array_module
from scratchnn.backend.kernels.cards import Card


class Device(Protocol):
    """A device that runs the kernels, and its arrays.

    Attributes:
        card: what the split depends on.
        dtype: the dtype that the kernels compute in.
    """

    card: Card
    dtype: Any

    def __hash__(self) -> int:
        """By identity: kernels are kept by device."""

    def empty(self, *shape: int, dtype: Any = None) -> Array:
        """An array with undefined contents, of ``dtype`` if it is not None."""

    def clear(self, array: Array) -> None:
        """Fill ``array`` with zeros."""

    def multiply(
        self, out: Array, a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False, add: bool = False
    ) -> None:
        """``out = a @ b``, or ``out += a @ b`` if ``add``; rows of all three may lie apart in memory."""

    def compile(self, source: str, name: str, shared: int, cooperative: bool = False) -> Callable[..., None]:
        """A kernel of ``source``, to be called with the number of blocks, the threads of each, and the arguments.

        Args:
            source: without ``device.cuh``.
            name: the kernel's name.
            shared: bytes of shared memory of a block.
            cooperative: whether all blocks have to be on the device at the same time.

        Arguments of the kernel are arrays, None for a null pointer, integers and Python floats.
        """


def cuda_device() -> Device:
    """The current CUDA device."""
    from scratchnn.backend.kernels import cuda

    return cuda.current_device()


DEVICES: dict[str, Callable[[], Device]] = {"cupy": cuda_device}  # by array library


def device_of(x: Array) -> Device | None:
    """The device of ``x``; None if its library has no kernels."""
    found = DEVICES.get(array_module(x).__name__)
    return None if found is None else found()
