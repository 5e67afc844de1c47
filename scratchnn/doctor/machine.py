"""What this machine has to compute with: NumPy and its BLAS, the NVIDIA driver, GPUs, CuPy.

The driver is queried through its own libraries, so GPUs are found even if CuPy is not installed. CuPy is tested in a
process of its own (``trial``), because a CuPy that does not match the machine may fail in any way, a crash included.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnn.backend.threads import blas_name, blas_threads, why_fixed

PATIENCE = 120  # seconds for the test of CuPy, which compiles its kernels on first use
# Attributes of cuDeviceGetAttribute: major and minor compute capability, multiprocessors, shared memory of a block
ATTRIBUTES = (75, 76, 16, 97)


@dataclass(frozen=True)
class GPU:
    """A GPU: its name, memory in bytes, compute capability, multiprocessors, bytes of shared memory of a block."""

    name: str
    memory: int
    capability: tuple[int, int]
    multiprocessors: int = 0
    shared: int = 0


@dataclass(frozen=True)
class Driver:
    """The NVIDIA driver: its release, the newest CUDA it supports, its GPUs, and the reason if it fails to find any."""

    release: str
    cuda: tuple[int, int]
    gpus: tuple[GPU, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class CuPy:
    """CuPy: the packages that contain it, with their versions, and the result of its test.

    ``cuda`` is the version of CUDA that it is built for, None if the test did not get that far; ``problem`` is empty if the
    test passes.
    """

    packages: tuple[tuple[str, str], ...] = ()
    cuda: tuple[int, int] | None = None
    problem: str = ""


@dataclass(frozen=True)
class Machine:
    """Everything known about a machine.

    ``threads`` is the number of threads of NumPy's BLAS, None if it is unknown; ``fixed`` is the reason why they are not
    set by the rule on sizes, ``""`` if they are; ``versions`` contains the version of every
    installed package by its lower-case name; ``visible`` is the environment variable CUDA_VISIBLE_DEVICES, which hides GPUs
    from programs.
    """

    cores: int
    blas: str
    threads: int | None
    versions: dict[str, str]
    driver: Driver | None = None
    cupy: CuPy = CuPy()
    visible: str | None = None
    fixed: str = ""


def look() -> Machine:
    """Inspect this machine; takes some seconds if CuPy is installed."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    versions = {**installed(), "numpy": np.__version__}
    packages = tuple(sorted((name, versions[name]) for name in versions if re.fullmatch(r"cupy(-(cuda|rocm).*)?", name)))
    return Machine(
        cores=cores,
        blas=blas_name(),
        threads=blas_threads(),
        fixed=why_fixed(),
        versions=versions,
        driver=find_driver(),
        cupy=try_cupy(packages) if packages else CuPy(),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
    )


def installed() -> dict[str, str]:
    """The version of every installed package, by its name in lower case with hyphens."""
    found: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        if "Name" in distribution.metadata:  # an interrupted installation leaves none
            name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
            found.setdefault(name, distribution.version)  # Python imports the first one
    return found


# --- the driver ------------------------------------------------------------------------------------------------------


def load_library(linux: str, windows: str) -> Any:
    """A shared library of the system, or None if there is none."""
    try:
        return ctypes.CDLL(windows if sys.platform == "win32" else linux)
    except OSError:
        return None


def find_driver() -> Driver | None:
    """The NVIDIA driver, or None if none is installed."""
    cuda = load_library("libcuda.so.1", "nvcuda.dll")
    if cuda is None:
        return None
    number = ctypes.c_int(0)
    cuda.cuDriverGetVersion(ctypes.byref(number))
    version = _version(number.value)
    status = cuda.cuInit(0)
    if status:
        text = ctypes.c_char_p()
        cuda.cuGetErrorString(status, ctypes.byref(text))
        return Driver(driver_release(), version, problem=(text.value or b"").decode() or f"error {status}")
    cuda.cuDeviceGetCount(ctypes.byref(number))
    return Driver(driver_release(), version, tuple(_gpu(cuda, k) for k in range(number.value)))


def driver_release() -> str:
    """The release of the driver, such as 580.65.06; ``""`` if it is unknown."""
    management = load_library("libnvidia-ml.so.1", "nvml.dll")
    if management is None or management.nvmlInit_v2():
        return ""
    text = ctypes.create_string_buffer(96)
    management.nvmlSystemGetDriverVersion(text, 96)
    management.nvmlShutdown()
    return text.value.decode()


def _gpu(cuda: Any, k: int) -> GPU:
    device, memory, name = ctypes.c_int(), ctypes.c_size_t(), ctypes.create_string_buffer(96)
    cuda.cuDeviceGet(ctypes.byref(device), k)
    cuda.cuDeviceGetName(name, 96, device)
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    numbers = []
    for attribute in ATTRIBUTES:
        number = ctypes.c_int()
        cuda.cuDeviceGetAttribute(ctypes.byref(number), attribute, device)
        numbers.append(number.value)
    return GPU(name.value.decode(), memory.value, (numbers[0], numbers[1]), *numbers[2:])


def _version(number: int) -> tuple[int, int]:
    return number // 1000, number % 1000 // 10  # 12080 is 12.8


# --- CuPy ------------------------------------------------------------------------------------------------------------


def try_cupy(packages: tuple[tuple[str, str], ...]) -> CuPy:
    """Test CuPy in a process of its own: import it and compute with it."""
    command = [sys.executable, "-m", "scratchnn.doctor.trial"]
    try:
        trial = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return CuPy(packages, problem=f"no answer within {PATIENCE} seconds")
    reached = dict(line.partition(" ")[::2] for line in trial.stdout.splitlines())
    cuda = _version(int(reached["cuda"])) if "cuda" in reached else None
    return CuPy(packages, cuda, "" if "works" in reached else last_words(trial.stderr, trial.returncode))


def last_words(errors: str, status: int) -> str:
    """The most informative line of the error output of a failed program: the last one with letters or digits."""
    lines = [line.strip() for line in errors.splitlines() if line.strip(" =-")]
    if status < 0 or not lines:
        return f"ended with status {status}"
    return lines[-1].rpartition("cupy_backends.cuda.api.runtime.")[2]
