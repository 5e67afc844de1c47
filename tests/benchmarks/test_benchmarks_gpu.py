"""``gpu-check`` rehearsed on the CPU, and cuDNN called directly, on a library that stands for it."""

from __future__ import annotations

import ctypes
import json

import pytest
from small_text import assert_one_line

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


def layer(library, algorithm, sizes=None):
    allocated = [] if sizes is None else sizes

    def allocate(size):
        allocated.append(size)
        return 4096 * len(allocated)

    return cudnn.Layer(library, allocate, "lstm", [2, 3, 4, 5], algorithm)


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
    layer(library, "persistent dynamic", sizes).step()
    assert {name: len(arguments) for name, arguments in library.calls} == ARGUMENTS
    described = dict(library.calls)["cudnnSetRNNDescriptor_v8"]
    assert described[1:8] == (2, 2, cudnn.DOUBLE_BIAS, 0, 0, 0, 0)
    assert described[8:13] == (cudnn.FMA_MATH, 4, 5, 5, 1)
    assert sizes[:4] == [96, 96, 120, 120]  # x, dx (3, 2, 4), y, dy (3, 2, 5), float32
    assert sizes[-4:] == [48, 48, 16, 4]  # weights and their gradient, work space, reserve space


def test_only_the_dynamic_algorithm_is_built():
    library = FakeCudnn()
    layer(library, "standard")
    assert "cudnnBuildRNNDynamic" not in dict(library.calls)


def test_the_fastest_algorithm_that_is_supported():
    library = FakeCudnn(1, 3)
    found = cudnn.best(lambda algorithm: layer(library, algorithm), SETTINGS, None)
    assert found["algorithm"] in ("standard", "persistent dynamic")
    assert found["value"] == min(ms for ms in found["times"].values() if ms is not None)
    assert [name for name, ms in found["times"].items() if ms is None] == [
        "persistent static",
        "persistent static, small H",
    ]
    with pytest.raises(BackendError, match="supports none"):
        cudnn.best(lambda algorithm: layer(FakeCudnn(0, 1, 2, 3), algorithm), SETTINGS, None)


def test_handles_are_pointers():
    assert isinstance(layer(FakeCudnn(), "standard").handle, ctypes.c_void_p)


def test_a_column_names_the_algorithm():
    times = {"standard": 2.0, "persistent static": None}
    row = Row("lstm, cuDNN called directly", "20, 35, 200, 200", {}, "m:ours", "m:theirs")
    result = Result(row, [{"value": 1.0}], [{"value": 2.0, "algorithm": "standard", "times": times}])
    lines = notes([result])
    assert lines[-1] == "  lstm 20, 35, 200, 200: standard (standard 2.00, persistent static -)"
    assert notes([Result(Row("lstm", "a", {}, "m:ours"))]) == []


def test_gpu_check_rehearsed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gpu_check, "NAMES", ("lm",))
    file = tmp_path / "check.json"
    assert cli.main(["gpu-check", "--quick", "--json", str(file)]) == 0
    document = json.loads(file.read_text())
    assert document["kernels"]["status"] == 0
    assert {row["section"] for row in document["rows"]} == {"lm"}
    assert "epoch" in document["epoch"]["figures"]
    assert " train lm " in document["epoch"]["command"]
    page = file.with_suffix(".md").read_text()
    for part in ("scratchnn gpu-check", "Kernels\n", "Speed on cpu", "One epoch\n", " minutes"):
        assert part in page
    assert page.count("\n") < 80
    assert "One epoch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["gpu-check", "lstm"], "gpu-check has rows, opponents and a page of its own"),
        (["gpu-check", "--against", "torch"], "gpu-check has rows, opponents and a page of its own"),
        (["lstm", "--against", "cudnn"], "--against cudnn goes with --device gpu"),
        (["gpu-check"], "cupy"),
    ],
)
def test_bad_input(capsys, arguments, expected):
    assert cli.main(arguments) == 2
    assert_one_line(capsys, expected)
