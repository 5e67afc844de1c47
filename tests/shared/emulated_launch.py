"""The CUDA kernels as libraries of the CPU: compiled with ``emulated_device.h`` in place of ``device.cuh``, and called."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

HEADER = Path(__file__).with_name("emulated_device.h")
BUILT = Path(tempfile.gettempdir()) / f"scratchnn-emulated-{os.getuid() if hasattr(os, 'getuid') else 0}"
COMPILER = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
FLAGS = ("-std=c++17", "-O1", "-fno-strict-aliasing", "-U_FORTIFY_SOURCE", "-w", "-shared", "-fPIC")


class DeadlockError(Exception):
    """Some threads wait at a barrier that the others do not reach."""


class OutsideError(Exception):
    """A kernel has read or written outside its memory."""


def has_fibers() -> bool:
    """Whether the system has a C++ compiler and ``ucontext.h``."""
    if COMPILER is None:
        return False
    test = subprocess.run([COMPILER, "-x", "c++", "-E", "-"], input=b"#include <ucontext.h>\n", capture_output=True)
    return test.returncode == 0


@cache
def _build(code: str) -> ctypes.CDLL:
    """The compiled ``code``, kept from run to run by its hash."""
    BUILT.mkdir(mode=0o700, exist_ok=True)
    stem = hashlib.sha256("\0".join((code, *FLAGS)).encode()).hexdigest()[:24]
    library = BUILT / f"{stem}.so"
    if not library.exists():
        draft = BUILT / f"{stem}-{os.getpid()}.so"
        subprocess.run([COMPILER, *FLAGS, "-x", "c++", "-o", draft, "-"], input=code.encode(), check=True)
        draft.replace(library)
    return ctypes.CDLL(str(library))


def build_kernel(source: str, name: str, double: bool = False) -> ctypes.CDLL:
    """The kernel ``name`` of a source without ``device.cuh``, in float32 or float64."""
    head = "#define EMULATE_DOUBLE\n" if double else ""
    return _build(head + HEADER.read_text() + source + f"\nEMULATE({name})\n")


def launch(library: ctypes.CDLL, name: str, blocks: int, threads: int, shared: int, values: list, seed: int) -> None:
    """Run a kernel.

    Args:
        library, name: from ``build_kernel``.
        blocks, threads, shared: of the launch; bytes of shared memory.
        values: the arguments, as numbers and pointers of ctypes.
        seed: of the order in which the threads run.
    """
    pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
    outcome = library.emulate(blocks, threads, shared, ctypes.c_ulonglong(seed), pointers)
    if outcome:
        raise (DeadlockError, OutsideError)[outcome - 1](name)
