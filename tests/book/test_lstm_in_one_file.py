"""``chapters/lstm_in_one_file.py``: NumPy only, 150 lines, the gradients of the package, a model that learns and writes."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.recurrent import lstm_backward, lstm_forward

FILE = Path(__file__).resolve().parents[2] / "chapters" / "lstm_in_one_file.py"
TEXT = FILE.read_text(encoding="utf-8")
V, D, H = 7, 3, 4


@pytest.fixture(scope="module")
def one():
    """The file as a module."""
    spec = importlib.util.spec_from_file_location("lstm_in_one_file", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package_order(array):
    """The four blocks of columns i, f, o, g in the order of the package: o, i, f, g."""
    i, f, o, g = np.split(array, 4, axis=-1)
    return np.concatenate([o, i, f, g], axis=-1)


def test_it_is_short_and_imports_numpy_alone():
    assert len(TEXT.splitlines()) <= 150
    imports = [node for node in ast.walk(ast.parse(TEXT)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name
        for node in imports
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module])
    }
    assert names - sys.stdlib_module_names - {"pydoc_data.topics"} == {"numpy"}


def test_outputs_and_gradients_equal_those_of_the_package(one):
    rng = np.random.default_rng(1)
    P = {name: array + 0.5 * rng.standard_normal(array.shape) for name, array in one.new_parameters(V, D, H, rng).items()}
    ids, targets = rng.integers(0, V, (5, 6)), rng.integers(0, V, (5, 6))
    h, c = rng.standard_normal((2, 5, H))
    p, (hT, cT), cache = one.forward(P, ids, h, c)
    G = one.backward(P, p, targets, cache)

    Wx, Wh, b = (package_order(P[name]) for name in ("Wx", "Wh", "b"))
    y, (package_hT, package_cT), lstm_cache = lstm_forward(P["E"][ids], h, c, Wx, Wh, b)
    loss, loss_cache = softmax_cross_entropy_forward(y @ P["W"] + P["d"], targets)
    dz = softmax_cross_entropy_backward(1.0, loss_cache)
    nothing = np.zeros_like(h)
    dx, dh, dc, dWx, dWh, db = lstm_backward(dz @ P["W"].T, (nothing, nothing), lstm_cache)
    dE = np.zeros_like(P["E"])
    np.add.at(dE, ids, dx)
    expected = {"E": dE, "W": np.einsum("nth,ntv->hv", y, dz), "d": dz.sum(axis=(0, 1)), "h": dh, "c": dc}

    def agree(ours, theirs):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)

    agree(one.loss_of(p, targets), loss)
    agree(hT, package_hT)
    agree(cT, package_cT)
    for name, gradient in expected.items():
        agree(G[name], gradient)
    for name, gradient in {"Wx": dWx, "Wh": dWh, "b": db}.items():
        agree(package_order(G[name]), gradient)
    assert G.keys() == expected.keys() | {"Wx", "Wh", "b"}


def test_its_own_check_finds_a_wrong_factor(one, monkeypatch):
    assert one.check_gradients(np.random.default_rng(0)) < 1e-13
    right = one.backward

    def wrong(*arguments):
        gradients = right(*arguments)
        return gradients | {"Wh": 1.001 * gradients["Wh"]}

    monkeypatch.setattr(one, "backward", wrong)
    assert one.check_gradients(np.random.default_rng(0)) > 1e-4


def test_a_short_run_learns_and_writes(one, tmp_path, capsys):
    path = tmp_path / "my.txt"
    path.write_text("in the beginning was the word and the word was long\n" * 100, encoding="utf-8")
    one.main(path, steps=30)
    first, second, *written = capsys.readouterr().out.splitlines()
    assert first.startswith("gradients: largest relative error ")
    assert float(first.split()[-1]) < 1e-13
    assert second.startswith("5,200 letters, ")
    assert len("\n".join(written)) == 300

    letters, ids = np.unique(list(path.read_text(encoding="utf-8")), return_inverse=True)
    P = one.new_parameters(len(letters), one.D, one.H, np.random.default_rng(0))
    losses = one.train(P, ids[: len(ids) // one.N * one.N].reshape(one.N, -1), 30)
    assert losses[-1] < losses[0] / 2


@pytest.mark.chapters
def test_the_whole_run_takes_less_than_a_minute_of_processor_time():
    code = f"import runpy, time; runpy.run_path({str(FILE)!r}, run_name='__main__'); print(time.process_time())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    (last,) = [line for line in lines if line.startswith("step 1200: ")]
    assert float(last.split()[2]) < 1.6
    assert float(lines[-1]) < 60
