"""Set up PyTorch for a fair measurement."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from scratchnn.errors import BackendError


def prepare(settings: dict[str, Any]) -> tuple[torch.device, Callable[[], object] | None]:
    """Set the number of threads, and TF32 as the precision of the run says.

    Returns:
        The device, and a function that waits for it, None on a CPU.

    Raises:
        BackendError: PyTorch finds no usable GPU.
    """
    torch.set_num_threads(settings["threads"])
    if settings["device"] == "cpu":
        return torch.device("cpu"), None
    if not torch.cuda.is_available():
        raise BackendError("PyTorch finds no usable GPU; install the build of PyTorch that matches its driver")
    rounded = settings.get("precision", "float32") != "float32"
    torch.backends.cuda.matmul.allow_tf32 = rounded
    torch.backends.cudnn.allow_tf32 = rounded
    return torch.device("cuda"), torch.cuda.synchronize


def casting(settings: dict[str, Any]) -> AbstractContextManager[object]:
    """For forward passes: with bfloat16 products, PyTorch casts to that type by ``autocast``; otherwise nothing changes."""
    if settings.get("precision") == "bfloat16":
        return torch.autocast(settings["device"].replace("gpu", "cuda"), dtype=torch.bfloat16)
    return nullcontext()
