"""PyTorch set up for a fair measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from scratchnn.errors import BackendError


def prepare(settings: dict[str, Any]) -> tuple[torch.device, Callable[[], object] | None]:
    """Set the number of threads, switch TF32 off; returns the device and how to wait for it."""
    torch.set_num_threads(settings["threads"])
    if settings["device"] == "cpu":
        return torch.device("cpu"), None
    if not torch.cuda.is_available():
        raise BackendError("PyTorch finds no usable GPU; install the build of PyTorch that goes with its driver")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch.device("cuda"), torch.cuda.synchronize
