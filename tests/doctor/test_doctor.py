"""``doctor``: facts and advice for each kind of machine, and the error messages that refer to it."""

from __future__ import annotations

import configparser
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_text import command

from scratchnn.backend.arrays import load_backend
from scratchnn.commands import doctor
from scratchnn.doctor import advice, facts, kernels
from scratchnn.doctor.machine import GPU, CuPy, Driver, Machine
from scratchnn.errors import BackendError

H100 = GPU("NVIDIA H100 80GB HBM3", 85_520_809_984, (9, 0))
PASCAL = GPU("NVIDIA GeForce GTX 1080 Ti", 11_713_708_032, (6, 1))
DRIVER_11 = Driver("470.256.02", (11, 4), (PASCAL,))
DRIVER_12 = Driver("550.54.15", (12, 4), (H100,))
DRIVER_13 = Driver("580.65.06", (13, 0), (H100,))
WORKS = CuPy((("cupy-cuda12x", "14.2.0"),), (12, 9))
FAILS = "RuntimeError: CuPy failed to load libnvrtc.so.12"
CPU = Machine(8, "scipy-openblas 0.3.31", 8, {"numpy": "2.4.6", "matplotlib": "3.11.2", "tqdm": "4.70.1"})


def only(name: str, version: str = "14.2.0", problem: str = FAILS) -> CuPy:
    return CuPy(((name, version),), None, problem)


def doctor_says(monkeypatch, capsys, machine: Machine) -> tuple[int, str]:
    """Exit status and output of the command on that machine."""
    monkeypatch.setattr(doctor, "look", lambda: machine)
    status = command("doctor")
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    return status, output


# --- advice ----------------------------------------------------------------------------------------------------------

INSTALL_12, INSTALL_13 = '    pip install -e ".[cuda12]"', '    pip install -e ".[cuda13]"'
REMOVE_12, REMOVE_13 = "    pip uninstall -y cupy-cuda12x", "    pip uninstall -y cupy-cuda13x"
TWO = CuPy((("cupy-cuda11x", "13.6.0"), ("cupy-cuda12x", "14.2.0")), (12, 9))
MACHINES = {
    "no GPU, no CuPy": (None, CuPy(), ["No NVIDIA driver was found", "nothing to do"], []),
    "CuPy without a driver": (None, only("cupy-cuda12x"), ["No NVIDIA driver was found"], []),
    "driver too old": (DRIVER_11, CuPy(), ["The driver is too old", "CUDA up to 11.4", "525"], []),
    "driver too old for the CuPy there is": (DRIVER_11, only("cupy-cuda12x"), ["The driver is too old"], []),
    "no CuPy, CUDA 12": (DRIVER_12, CuPy(), ["CuPy is not installed"], [INSTALL_12]),
    "no CuPy, CUDA 13": (DRIVER_13, CuPy(), ["CuPy is not installed"], [INSTALL_13]),
    "no CuPy, CUDA 13, old GPU": (replace(DRIVER_13, gpus=(H100, PASCAL)), CuPy(), ["not installed"], [INSTALL_12]),
    "works": (DRIVER_12, WORKS, [], []),
    "works, CuPy for 12 on a driver for 13": (DRIVER_13, WORKS, [], []),
    "CuPy for 13, driver for 12": (
        DRIVER_12,
        only("cupy-cuda13x"),
        ["cupy-cuda13x is built for CUDA 13, but the driver supports CUDA up to 12.4"],
        [REMOVE_13, INSTALL_12],
    ),
    "CuPy for 13, old GPU": (
        replace(DRIVER_13, gpus=(PASCAL,)),
        only("cupy-cuda13x"),
        ["GTX 1080 Ti has compute capability 6.1, and CUDA 13 requires 7.5 or higher"],
        [REMOVE_13, INSTALL_12],
    ),
    "CuPy for 12 without its libraries": (
        DRIVER_12,
        only("cupy-cuda12x"),
        [f"CuPy fails: {FAILS}.", "libraries of CUDA 12"],
        ['    pip install "cupy-cuda12x[ctk]"'],
    ),
    "CuPy for 12 that fails on a driver for 13": (
        DRIVER_13,
        only("cupy-cuda12x"),
        ["CuPy fails", "cupy-cuda12x does not match the driver, which supports CUDA up to 13.0"],
        ['    pip install "cupy-cuda12x[ctk]"', REMOVE_12, INSTALL_13],
    ),
    "CuPy too old": (
        DRIVER_12,
        only("cupy-cuda12x", "13.6.0", ""),
        ["CuPy 13.6.0 is too old; version 14 or newer is required"],
        [REMOVE_12, INSTALL_12],
    ),
    "CuPy for 11": (
        DRIVER_13,
        only("cupy-cuda11x", "13.6.0"),
        ["CuPy 13.6.0 is too old"],
        ["    pip uninstall -y cupy-cuda11x", INSTALL_13],
    ),
    "built from source, fails": (DRIVER_12, only("cupy"), ["CuPy fails"], ["    pip uninstall -y cupy", INSTALL_12]),
    "two CuPys": (
        DRIVER_12,
        TWO,
        ["Several packages contain CuPy", "cupy-cuda11x, cupy-cuda12x"],
        ["    pip uninstall -y cupy-cuda11x cupy-cuda12x", INSTALL_12],
    ),
    "two CuPys without a driver": (
        None,
        replace(TWO, problem=FAILS),
        [
            "No NVIDIA driver was found",
            "Several packages contain CuPy",
            "Once a driver is installed, run this command again",
        ],
        ["    pip uninstall -y cupy-cuda11x cupy-cuda12x"],
    ),
    "driver without a GPU": (
        Driver("580.65.06", (13, 0), problem="no CUDA-capable device is detected"),
        CuPy(),
        ["none (no CUDA-capable device is detected)", "The driver finds no usable GPU", "nvidia-smi"],
        [],
    ),
}


@pytest.mark.parametrize(("driver", "cupy", "sentences", "commands"), MACHINES.values(), ids=MACHINES)
def test_advice(monkeypatch, capsys, driver, cupy, sentences, commands):
    status, output = doctor_says(monkeypatch, capsys, replace(CPU, driver=driver, cupy=cupy))
    assert status == 0
    assert "The CPU side works." in output
    in_one_line = " ".join(output.split())
    for sentence in sentences:
        assert sentence in in_one_line
    assert [line for line in output.splitlines() if line.startswith("    pip")] == commands
    assert ("The GPU side works: use --device gpu." in output) == (len(cupy.packages) == 1 and not cupy.problem)
    if not sentences:
        assert output.endswith("use --device gpu.\n")


def test_gpus_hidden_by_the_environment(monkeypatch, capsys):
    hidden = replace(CPU, driver=Driver("580.65.06", (13, 0), problem="none"), visible="")
    assert "CUDA_VISIBLE_DEVICES is set to '', which hides GPUs" in " ".join(
        doctor_says(monkeypatch, capsys, hidden)[1].split()
    )


def test_facts(monkeypatch, capsys):
    two = replace(DRIVER_12, gpus=(H100, PASCAL))
    versions = {**CPU.versions, "scipy": "1.17.0"}
    output = doctor_says(monkeypatch, capsys, replace(CPU, versions=versions, driver=two, cupy=WORKS))[1].splitlines()
    for line in (
        "  cores         8",
        "  BLAS          scipy-openblas 0.3.31, 8 threads, for NumPy's matrix products",
        "  threads       one for models whose matrix products have fewer than 24 million",
        "                multiply-adds in the mean, otherwise all; --threads N,",
        "                scratchnn.set_threads(N), or OPENBLAS_NUM_THREADS in the",
        "                environment decide instead",
        "  numpy         2.4.6 (required: 2.0 or newer)",
        "  driver        NVIDIA 550.54.15, supports CUDA up to 12.4",
        "  GPU 0         NVIDIA H100 80GB HBM3, 79.6 GiB, compute capability 9.0",
        "  GPU 1         NVIDIA GeForce GTX 1080 Ti, 10.9 GiB, compute capability 6.1",
        "  CuPy          cupy-cuda12x 14.2.0",
        "  CuPy test     passes",
        "  products      float32; train --precision, or scratchnn.set_precision, chooses",
        "                float32, tf32 or bfloat16",
        "  scipy         1.17.0, for counted word vectors of large vocabularies",
        "  scikit-learn  not installed; for the same, and t-SNE figures",
        '                pip install -e ".[text]"',
    ):
        assert line in output


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({"numpy": "1.26.4"}, '    pip install "numpy>=2.0"'),
        ({"tqdm": "4.9", "matplotlib": "3.7.5"}, '    pip install "matplotlib>=3.8" "tqdm>=4.66"'),
        ({"numpy": "2.0.0rc1", "tqdm": "5", "matplotlib": "3.10"}, ""),
    ],
)
def test_the_cpu_side(monkeypatch, capsys, versions, expected):
    status, output = doctor_says(monkeypatch, capsys, replace(CPU, versions={**CPU.versions, **versions}))
    assert status == bool(expected)
    assert ("The CPU side works." in output) == (not expected)
    assert expected in output


def test_another_blas_and_a_missing_package(monkeypatch, capsys):
    versions = {"numpy": "2.4.6", "tqdm": "4.70.1"}
    fixed = "NumPy uses accelerate, which scratchnn leaves alone"
    accelerate = replace(CPU, blas="accelerate", threads=None, fixed=fixed, versions=versions)
    status, output = doctor_says(monkeypatch, capsys, accelerate)
    assert status == 1
    assert "  BLAS          accelerate, for NumPy's matrix products\n" in output
    assert f"  threads       {fixed}\n" in output
    assert "  matplotlib    not installed (required: 3.8 or newer)\n" in output


@pytest.mark.parametrize(
    ("arguments", "driver", "expected"),
    [
        (
            ("8.0",),
            None,
            ["compute capability 8.0", "(108 multiprocessors, 163 KB", "64, 256   lstm             8x13, 8x20, 16w"],
        ),
        (("7.5",), None, ["(40 multiprocessors, 64 KB", "128, 1500 lstm             step by step"]),
        (
            (),
            replace(DRIVER_12, gpus=(replace(H100, multiprocessors=132, shared=227 * 1024),)),
            ["capability 9.0", "(132 "],
        ),
        ((), replace(DRIVER_12, gpus=(PASCAL,)), ["The kernels need compute capability 7.5; array operations are used."]),
    ],
)
def test_how_the_kernels_divide_a_layer(monkeypatch, capsys, arguments, driver, expected):
    monkeypatch.setattr(doctor, "look", lambda: replace(CPU, driver=driver))
    monkeypatch.setattr(kernels, "SHAPES", ((64, 256), (128, 1500)))
    monkeypatch.setattr(kernels, "CELLS", ("lstm",))
    assert command("doctor", "--kernels", *arguments) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    for part in expected:
        assert part in output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "has no usable GPU; name a compute capability"),
        (("3.0",), "choose from 7.5, 8.0"),
        (("x",), "--kernels x: unknown"),
    ],
)
def test_kernels_of_a_card_that_is_not_known(monkeypatch, capsys, arguments, expected):
    monkeypatch.setattr(doctor, "look", lambda: CPU)
    assert command("doctor", "--kernels", *arguments) == 2
    assert expected in capsys.readouterr().err


def test_requirements_are_those_of_setup_cfg():
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    needed = dict(line.split(">=") for line in setup["options"]["install_requires"].split())
    assert needed == facts.REQUIRED
    extras = setup["options.extras_require"]
    for name, (_, extra) in facts.OPTIONAL.items():
        assert name in extras[extra]
    for major in (12, 13):
        assert extras[f"cuda{major}"].startswith(f"cupy-cuda{major}x")
        assert extras[f"cuda{major}"].endswith(f">={advice.CUPY}")


def test_on_this_machine(capsys):
    assert command("doctor") == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    assert f"  numpy         {np.__version__} (required" in output
    assert "The CPU side works." in output
    assert "The GPU side " in output


# --- error messages that refer to the command ------------------------------------------------------------------------


def test_a_gpu_that_is_refused_points_to_the_doctor(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendError, match=r"python -m scratchnn doctor says which$"):
        load_backend("cupy")

    class CUDARuntimeError(RuntimeError):
        pass

    def no_device():
        raise CUDARuntimeError("cudaErrorNoDevice")

    class runtime:
        getDeviceCount = staticmethod(no_device)

    runtime.CUDARuntimeError = CUDARuntimeError
    module = type(sys)("cupy")
    module.cuda = type(sys)("cupy.cuda")
    module.cuda.runtime = runtime
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setitem(sys.modules, "cupy.cuda", module.cuda)
    with pytest.raises(
        BackendError, match=r"no usable GPU \(cudaErrorNoDevice\); python -m scratchnn doctor says what to do$"
    ):
        load_backend("cupy")
