"""``gpu-check`` rehearsed on the CPU, and cuDNN called directly, on a library that stands for it."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import pytest
from emulated import needs_compiler
from small_text import assert_one_line
from stand_in_gpu import ROOT, stand_in

from benchmarks import cli, cudnn, gpu_check
from benchmarks.contest import Result, Row
from benchmarks.recurrent import notes
from scratchnn.errors import BackendError

SETTINGS = {"device": "cpu", "threads": 1, "seconds": 0.001}


class FakeCudnn:
    """Has every function that is called; notes the calls; refuses algorithms that it is told to."""

    def __init__(self, *refused):
        self.refused, self.calls, self.made = refused, [], 0

    def __getattr__(self, name):
        def function(*arguments):
            self.calls.append((name, arguments))
            if "Create" in name:
                self.made += 1
                arguments[0]._obj.value = self.made
            if name == "cudnnGetRNNWeightSpaceSize":
                arguments[2]._obj.value = 48
            if name == "cudnnGetRNNTempSpaceSizes":
                arguments[4]._obj.value, arguments[5]._obj.value = 16, 0
            return 3000 if name == "cudnnSetRNNDescriptor_v8" and arguments[1] in self.refused else 0

        return function


def layer(library, algorithm, sizes=None, precision="float32"):
    allocated = [] if sizes is None else sizes

    def allocate(size):
        allocated.append(size)
        return 4096 * len(allocated)

    return cudnn.Layer(library, allocate, "lstm", [2, 3, 4, 5], precision, algorithm)


# Number of arguments of each function in cuDNN 9's header.
ARGUMENTS = {
    "cudnnCreate": 1,
    "cudnnCreateDropoutDescriptor": 1,
    "cudnnSetDropoutDescriptor": 6,
    "cudnnCreateRNNDescriptor": 1,
    "cudnnSetRNNDescriptor_v8": 15,
    "cudnnBuildRNNDynamic": 3,
    "cudnnCreateRNNDataDescriptor": 1,
    "cudnnSetRNNDataDescriptor": 8,
    "cudnnCreateTensorDescriptor": 1,
    "cudnnSetTensorNdDescriptor": 5,
    "cudnnGetRNNWeightSpaceSize": 3,
    "cudnnGetRNNTempSpaceSizes": 6,
    "cudnnRNNForward": 20,
    "cudnnRNNBackwardData_v8": 22,
    "cudnnRNNBackwardWeights_v8": 16,
}


def test_every_function_gets_its_arguments():
    library, sizes = FakeCudnn(), []
    layer(library, "dynamic", sizes).step()
    assert {name: len(arguments) for name, arguments in library.calls} == ARGUMENTS
    described = dict(library.calls)["cudnnSetRNNDescriptor_v8"]
    assert described[1:8] == (2, 2, cudnn.DOUBLE_BIAS, 0, 0, 0, 0)  # float32 data and sums
    assert described[8:13] == (3, 4, 5, 5, 1)  # no tensor cores; D, H, H, one layer
    assert sizes[:4] == [96, 96, 120, 120]  # x, dx (3, 2, 4), y, dy (3, 2, 5), float32
    assert sizes[-4:] == [48, 48, 16, 4]  # weights and their gradient, work space, reserve space


@pytest.mark.parametrize(("precision", "kind", "arithmetic", "size"), [("tf32", 0, 0, 4), ("bfloat16", 9, 1, 2)])
def test_rounded_products_of_cudnn(precision, kind, arithmetic, size):
    library, sizes = FakeCudnn(), []
    layer(library, "standard", sizes, precision).step()
    described = dict(library.calls)["cudnnSetRNNDescriptor_v8"]
    assert described[6:9] == (kind, 0, arithmetic)
    assert dict(library.calls)["cudnnSetRNNDataDescriptor"][1] == kind
    assert sizes[:4] == [size * 24, size * 24, size * 30, size * 30]


def test_only_the_dynamic_algorithm_is_built():
    library = FakeCudnn()
    layer(library, "standard")
    assert "cudnnBuildRNNDynamic" not in dict(library.calls)


def test_the_fastest_algorithm_that_is_supported():
    library = FakeCudnn(1, 3)
    found = cudnn.best(lambda algorithm: layer(library, algorithm), SETTINGS, None)
    assert found["algorithm"] in ("standard", "dynamic")
    assert found["value"] == min(ms for ms in found["times"].values() if ms is not None)
    assert [name for name, ms in found["times"].items() if ms is None] == [
        "static",
        "static, small H",
    ]
    with pytest.raises(BackendError, match="supports none"):
        cudnn.best(lambda algorithm: layer(FakeCudnn(0, 1, 2, 3), algorithm), SETTINGS, None)


def test_handles_are_pointers():
    assert isinstance(layer(FakeCudnn(), "standard").handle, ctypes.c_void_p)


def test_a_column_names_the_algorithm():
    times = {"standard": 2.0, "static": None}
    row = Row("lstm, cuDNN", "20, 35, 200, 200", {}, "m:ours", "m:theirs")
    result = Result(row, [{"value": 1.0}], [{"value": 2.0, "algorithm": "standard", "times": times}])
    lines = notes([result])
    assert lines[-1] == "  lstm 20, 35, 200, 200: standard (standard 2.00, static -)"
    assert notes([Result(Row("lstm", "a", {}, "m:ours"))]) == []


PAGE = ("scratchnn gpu-check", "Kernels\n", "Speed on {}", "Precision of products\n", "One epoch\n", " minutes")


def check_document(file, device):
    document = json.loads(file.read_text())
    assert document["kernels"]["status"] == 0
    sections = {row["section"].removesuffix(", cuDNN") for row in document["rows"]}
    assert sections == {"lstm", "lstm, lengths", "gru, reset after", "rnn", "lm"}
    assert "epoch" in document["epoch"]["figures"]
    assert " train lm " in document["epoch"]["command"]
    page = file.with_suffix(".md").read_text()
    for part in PAGE:
        assert part.format(device) in page
    assert "failed" not in page
    assert max(map(len, page.splitlines())) <= 100
    return document, page


def test_gpu_check_rehearsed_on_the_cpu(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "has_gpu", lambda: False)
    file = tmp_path / "check.json"
    assert cli.main(["gpu-check", "--quick", "--json", str(file)]) == 0
    document, page = check_document(file, "cpu")
    assert set(document["precision"]) == {"float32"}
    assert document["precision"]["float32"]["errors"]["2, 3, 4, 5"] < 1e-6
    assert page.removeprefix("```\n").removesuffix("```\n") in capsys.readouterr().out


@needs_compiler
def test_gpu_check_rehearsed_on_a_stand_in_for_a_gpu(tmp_path):
    """Every process of ``gpu-check``, with a stand-in for CuPy; PyTorch finds no GPU, and the page says so."""
    file = tmp_path / "check.json"
    command = [sys.executable, "-m", "benchmarks", "gpu-check", "--quick", "--json", str(file)]
    subprocess.run(command, cwd=ROOT, env=stand_in(), check=True, capture_output=True, text=True)
    document, page = check_document(file, "gpu")
    assert document["kernels"]["counts"]["passed"] >= 7
    errors = [part["errors"]["2, 3, 4, 5"] for part in document["precision"].values()]
    assert errors[0] < 1e-6 < 1e-5 < errors[1] < errors[2] < 1e-1
    assert ("PyTorch finds no usable GPU" in page) == gpu_check.has_torch()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["gpu-check", "lstm"], "gpu-check has rows, opponents and a page of its own"),
        (["gpu-check", "--against", "torch"], "gpu-check has rows, opponents and a page of its own"),
        (["lstm", "--against", "cudnn"], "--against cudnn goes with --device gpu"),
        (["lstm", "--precision", "tf32"], "--precision tf32 goes with --device gpu"),
        (["gpu-check"], "cupy"),
    ],
)
def test_bad_input(capsys, arguments, expected):
    assert cli.main(arguments) == 2
    assert_one_line(capsys, expected)
