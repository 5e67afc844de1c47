"""Set up PyTorch for a fair measurement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from scratchnn.errors import BackendError


def prepare(settings: dict[str, Any]) -> tuple[torch.device, Callable[[], object] | None]:
    """Set the number of threads and switch TF32 off.

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
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch.device("cuda"), torch.cuda.synchronize
