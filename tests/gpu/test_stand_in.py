"""What runs on a GPU, run on a stand-in for CuPy (``tests/shared/stand_in``), in processes of their own.

The tests for a GPU test themselves here: a fault of theirs would otherwise show on the first GPU.
"""

import re
import subprocess
import sys

import pytest
from emulated import needs_compiler
from small_text import SMALL, write_text
from stand_in_gpu import ROOT, stand_in

pytestmark = needs_compiler


def run(*arguments):
    """The output of ``python -m ...`` with the stand-in; an error with it if the program fails."""
    command = [sys.executable, "-m", *map(str, arguments)]
    child = subprocess.run(command, cwd=ROOT, env=stand_in(), capture_output=True, text=True)
    assert child.returncode == 0, child.stdout[-2000:] + child.stderr[-2000:]
    return child.stdout


@pytest.mark.parametrize(
    ("file", "chosen", "least"),
    [
        ("test_gpu_kernels.py", "step or rest or (lstm and several)", 9),
        ("test_gpu.py", "scatter or (layer-lstm and same)", 5),
    ],
)
def test_the_tests_for_a_gpu(file, chosen, least):
    output = run("pytest", "-p", "no:cacheprovider", f"tests/gpu/{file}", "-k", chosen)
    assert int(re.search(r"(\d+) passed", output)[1]) >= least
    assert "skipped" not in output


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_training(tmp_path, precision):
    """The losses of an epoch are those of the CPU, as far as the products allow; the CPU opens the run."""
    text, losses = write_text(tmp_path / "text.txt"), []
    for device in ("cpu", "gpu"):
        options = ["--precision", precision] if device == "gpu" else []
        out = tmp_path / device
        run("scratchnn", "train", "lm", "--data", text, *SMALL, *options, "--device", device, "--out", out)
        with open(out / "history.csv", encoding="utf-8") as file:
            names, values = (line.strip().split(",") for line in file)
        losses.append(float(values[names.index("loss")]))
    error = abs(losses[1] / losses[0] - 1)
    bounds = {"float32": (0, 1e-6), "tf32": (1e-8, 1e-3), "bfloat16": (1e-7, 1e-2)}
    assert bounds[precision][0] <= error <= bounds[precision][1]
    assert "perplexity" in run("scratchnn", "evaluate", out, "--data", text)


def test_products_from_pointers_and_strides():
    """``CudaDevice.multiply`` in all its forms, on parts of arrays, through what cuBLAS would be given."""
    script = """
import itertools, numpy as np, cupy
from scratchnn.backend.kernels.cuda import current_device
from scratchnn.backend.precision import set_precision
rng, device = np.random.default_rng(0), current_device()
for name, bound in (("float32", 1e-6), ("tf32", 1e-3), ("bfloat16", 1e-2)):
    set_precision(name)
    for ta, tb, add in itertools.product((False, True), repeat=3):
        for m, n, k in ((3, 4, 5), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1)):
            wide = [rng.standard_normal((rows, columns + 2), dtype=np.float32)
                    for rows, columns in (((k, m)[::1 if ta else -1]), ((n, k)[::1 if tb else -1]), (m, n))]
            a, b, out = (cupy.asarray(array)[:, 1:-1] for array in wide)
            a0, b0, c0 = (array[:, 1:-1].astype(float) for array in wide)
            exact = (a0.T if ta else a0) @ (b0.T if tb else b0) + add * c0
            device.multiply(out, a, b, transpose_a=ta, transpose_b=tb, add=add)
            assert abs(out.get() - exact).max() < bound * 10, (name, ta, tb, add, m, n, k)
print("right")
"""
    command = [sys.executable, "-c", script]
    child = subprocess.run(command, cwd=ROOT, env=stand_in(), capture_output=True, text=True)
    assert child.stdout == "right\n", child.stderr
