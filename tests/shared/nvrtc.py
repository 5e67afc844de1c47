"""NVIDIA's runtime compiler, from a wheel of the package index, without a GPU."""

from __future__ import annotations

import ctypes
import importlib.util
import re
from functools import cache
from pathlib import Path


@cache
def library() -> ctypes.CDLL | None:
    """The compiler from the wheel ``nvidia-cuda-nvrtc-cu12`` (or ``nvidia-cuda-nvrtc``), None if it is not installed."""
    spec = importlib.util.find_spec("nvidia") if importlib.util.find_spec("nvidia") else None
    for folder in spec.submodule_search_locations if spec else ():
        for pattern in ("cuda_nvrtc/lib/libnvrtc.so.*", "cu*/lib/libnvrtc.so.*", "cuda_nvrtc/bin/nvrtc64_*_0.dll"):
            for path in sorted(Path(folder).glob(pattern)):
                if "alt" not in path.name:
                    return ctypes.CDLL(str(path))
    return None


class Compiled:
    """A compiled program.

    Attributes:
        registers, spilled, shared: per kernel, the registers of a thread, its bytes in local memory, the bytes of static
            shared memory of a block.
    """

    def __init__(self, log: str):
        entries = re.split(r"Compiling entry function '(\w+)'", log)[1:]
        facts = dict(zip(entries[::2], entries[1::2], strict=True))
        self.registers = {name: int(re.search(r"Used (\d+) registers", text)[1]) for name, text in facts.items()}
        self.spilled = {name: int(re.search(r"(\d+) bytes spill stores", text)[1]) for name, text in facts.items()}
        found = {name: re.search(r"(\d+) bytes smem", text) for name, text in facts.items()}
        self.shared = {name: int(match[1]) if match else 0 for name, match in found.items()}


def compile_program(source: str, capability: tuple[int, int]) -> Compiled:
    """Compile to machine code; an ``AssertionError`` with the compiler's messages if it fails."""
    nvrtc, program = library(), ctypes.c_void_p()
    assert nvrtc is not None
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None) == 0
    options = [f"--gpu-architecture=sm_{capability[0]}{capability[1]}", "-std=c++17", "--ptxas-options=-v"]
    array = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = nvrtc.nvrtcCompileProgram(program, len(options), array)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    text = log.value.decode()
    assert status == 0, text
    return Compiled(text)
