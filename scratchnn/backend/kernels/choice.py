"""Whether arrays are computed with by the kernels or by array operations. It is decided here and nowhere else."""

from __future__ import annotations

import warnings

import numpy as np

from scratchnn.backend.arrays import Array
from scratchnn.backend.kernels.cards import LEAST, Card
from scratchnn.backend.kernels.devices import Device, device_of
from scratchnn.backend.kernels.split import best_split
from scratchnn.errors import ScratchnnWarning

ONE_STEP, ARRAYS = "step by step", "array operations"


def kernel_device(x: Array, *others: Array | None) -> Device | None:
    """The device whose kernels compute with these arrays; None if array operations do.

    Kernels take arrays of the dtype that the device's kernels compute in (float32 on CUDA devices), all on that device,
    none of them empty, on a card of compute capability 7.5 or newer. For an older card this warns once.
    """
    if type(x) is np.ndarray:  # at little cost, because every call on the CPU comes here
        return None
    device, given = device_of(x), [array for array in (x, *others) if array is not None]
    if device is None or not all(array.size and array.dtype == device.dtype for array in given):
        return None
    if device.card.capability < LEAST:
        warnings.warn(too_old(device.card), ScratchnnWarning, stacklevel=2)
        return None
    return device


def too_old(card: Card) -> str:
    """Why a card runs no kernels, and what is done instead."""
    found, least = (".".join(map(str, capability)) for capability in (card.capability, LEAST))
    return f"this GPU has compute capability {found}, the kernels need {least}; array operations are used, which are slower"


def describe(N: int, H: int, cell: str, backward: bool, card: Card) -> str:
    """What computes a recurrent layer of H units for N sequences: the split of its kernel, or what is used instead."""
    if card.capability < LEAST:
        return ARRAYS
    split = best_split(N, H, cell, backward, card)
    if split is None:
        return ONE_STEP
    frame = split.frame
    return f"{frame.G}x{frame.S}, {frame.R}x{frame.U}, {frame.WARPS}w, {split.shared // 1024} KB"
