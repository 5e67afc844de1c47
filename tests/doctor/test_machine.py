"""How ``doctor`` inspects a machine: driver, GPUs, the test of CuPy, installed packages."""

from __future__ import annotations

import os
import re
import sys

import numpy as np
import pytest

from scratchnn.doctor import machine as probes
from scratchnn.doctor.machine import GPU, CuPy, Driver


class FakeCUDA:
    """The library of the driver: two GPUs, unless ``status`` is an error that keeps it from starting."""

    def __init__(self, status: int = 0):
        self.status = status

    def cuDriverGetVersion(self, number):
        number._obj.value = 12080

    def cuInit(self, flags):
        assert flags == 0
        return self.status

    def cuGetErrorString(self, status, text):
        text._obj.value = b"no CUDA-capable device is detected" if status == 100 else None

    def cuDeviceGetCount(self, number):
        number._obj.value = 2

    def cuDeviceGet(self, device, k):
        device._obj.value = 40 + k

    def cuDeviceGetName(self, name, size, device):
        assert size == len(name)
        name.value = f"GPU of handle {device.value}".encode()

    def cuDeviceTotalMem_v2(self, memory, device):
        memory._obj.value = device.value * 2**30

    def cuDeviceGetAttribute(self, number, attribute, device):
        number._obj.value = {75: 8, 76: 9, 16: 128, 97: 101376}[attribute]


class FakeManagement:
    def nvmlInit_v2(self):
        return 0

    def nvmlSystemGetDriverVersion(self, text, size):
        assert size == len(text)
        text.value = b"570.86.15"

    def nvmlShutdown(self):
        return 0


def test_the_driver_is_queried_through_its_libraries(monkeypatch):
    libraries = {"libcuda.so.1": FakeCUDA(), "libnvidia-ml.so.1": FakeManagement()}
    monkeypatch.setattr(probes, "load_library", lambda linux, windows: libraries[linux])
    gpus = tuple(GPU(f"GPU of handle {n}", n * 2**30, (8, 9), 128, 101376) for n in (40, 41))
    assert probes.find_driver() == Driver("570.86.15", (12, 8), gpus)


@pytest.mark.parametrize(("status", "problem"), [(100, "no CUDA-capable device is detected"), (999, "error 999")])
def test_a_driver_that_does_not_start(monkeypatch, status, problem):
    monkeypatch.setattr(probes, "load_library", lambda linux, _: FakeCUDA(status) if "cuda" in linux else None)
    assert probes.find_driver() == Driver("", (12, 8), problem=problem)


def test_no_driver(monkeypatch):
    monkeypatch.setattr(probes, "load_library", lambda linux, windows: None)
    assert probes.find_driver() is None


def test_a_library_that_is_not_there():
    assert probes.load_library("libno-such-thing.so.1", "no-such-thing.dll") is None


FAKE = "from numpy import arange, random\n__version__ = '14.2.0'\n"
RUNTIME = "class cuda:\n    class runtime:\n        runtimeGetVersion = staticmethod(lambda: 12090)\n"
MESSAGE = (
    "raise ImportError('\\n=====\\nFailed.\\n\\nOriginal error:\\n  ImportError: libnvrtc.so.12: no such file\\n=====\\n')"
)


@pytest.mark.parametrize(
    ("source", "cuda", "problem"),
    [
        (FAKE + RUNTIME, (12, 9), ""),
        (MESSAGE, None, "ImportError: libnvrtc.so.12: no such file"),
        ("import os\nos.kill(os.getpid(), 11)", None, "ended with status -11"),
        ("import os\nos._exit(3)", None, "ended with status 3"),
        ("raise AttributeError('numpy has no bool')", None, "AttributeError: numpy has no bool"),
        (FAKE + "raise SystemError('half')", None, "SystemError: half"),
        (FAKE + RUNTIME + "arange = lambda *a, **k: 1 / 0", (12, 9), "ZeroDivisionError: division by zero"),
        (FAKE + RUNTIME + "old = arange\narange = lambda *a, **k: 0 * old(*a, **k)", (12, 9), "ArithmeticError: .* wrong"),
        ("import time\ntime.sleep(600)", None, "no answer within 1 seconds"),
    ],
)
def test_the_test_of_cupy_may_end_in_any_way(tmp_path, monkeypatch, source, cuda, problem):
    """A module named cupy, which Python finds before any real one."""
    (tmp_path / "cupy.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setattr(probes, "PATIENCE", 1 if "sleep" in source else 120)
    packages = (("cupy-cuda12x", "14.2.0"),)
    found = probes.try_cupy(packages)
    assert (found.packages, found.cuda) == (packages, cuda)
    assert re.fullmatch(problem + ".*" if "wrong" in problem else re.escape(problem), found.problem)


def test_look_at_a_machine_with_two_cupys(tmp_path, monkeypatch):
    """Only their metadata is read: CuPy itself is not run."""
    for name, version in (("cupy_cuda11x", "13.6.0"), ("cupy_cuda12x", "14.2.0"), ("cupy_helper", "1.0")):
        (tmp_path / f"{name}-{version}.dist-info").mkdir()
        (tmp_path / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    (tmp_path / "broken-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(probes, "try_cupy", lambda packages: CuPy(packages, problem="not tried"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    found = probes.look()
    assert found.cupy.packages == (("cupy-cuda11x", "13.6.0"), ("cupy-cuda12x", "14.2.0"))
    assert found.versions["numpy"] == np.__version__
    assert found.visible == "0"
    assert found.cores >= 1
