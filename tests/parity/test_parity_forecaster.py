"""The forecaster against PyTorch, and its errors against scikit-learn's."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from small_series import small_table, train_series, write_series

from benchmarks.forecaster import KERNEL
from scratchnn.metrics import mean_absolute_error, mean_quantile_error, root_mean_squared_error
from scratchnn.models.forecaster import Forecaster
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("reader", ["recurrent", "tcn"])
@pytest.mark.parametrize("N", [1, 5])
def test_forecasts_and_all_gradients_are_those_of_torch(reader, N):
    torch = pytest.importorskip("torch")
    from benchmarks.forecaster_torch import Forecaster as Theirs

    W, C, H = 11, 3, 4
    rng = np.random.default_rng(N)
    theirs = Theirs(reader, W, C, H).double()
    ours = Forecaster(C, W, 1, hidden_size=H, reader=reader, kernel_size=KERNEL, rng=rng).astype("float64")
    for parameter in ours.parameters():
        parameter.data = 0.5 * rng.standard_normal(parameter.shape)
    mine = ours.named_parameters()
    pairs = [("output.W", "output.weight"), ("output.b", "output.bias")]
    if reader == "tcn":
        pairs += [("reader.0.dense.W", "dense.weight"), ("reader.0.dense.b", "dense.bias")]
        for k in range(len(ours.reader[0].blocks)):
            for layer, j in ((0, 0), (3, 1)):
                for name, other in (("W", "weight"), ("b", "bias")):
                    pairs.append((f"reader.0.blocks.{k}.layers.{layer}.{name}", f"blocks.{k}.convolutions.{j}.{other}"))
    parameters = dict(theirs.named_parameters())
    with torch.no_grad():
        for name, other in pairs:
            parameters[other].copy_(torch.from_numpy(np.ascontiguousarray(mine[name].data.T)))
        if reader == "recurrent":
            copy_gru(torch, mine, parameters, H)
    x, targets = rng.standard_normal((N, W, C)), rng.standard_normal((N, 1))
    their_x = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.l1_loss(theirs(their_x), torch.tensor(targets))
    expected.backward()
    loss, _, _ = ours.loss((x, targets), None)
    assert float(loss) == pytest.approx(expected.item(), rel=1e-12)
    ours.backward_loss()
    for name, other in pairs:
        np.testing.assert_allclose(mine[name].grad, parameters[other].grad.numpy().T, rtol=1e-9, atol=1e-12, err_msg=name)
    y = ours.forward(x)
    dx = ours.backward(np.sign(y - targets) / N)
    np.testing.assert_allclose(dx, their_x.grad.numpy(), rtol=1e-9, atol=1e-12)


def copy_gru(torch, mine, parameters, H):
    """Weights of our GRU, whose gates are in the order z, r, n, in PyTorch's order r, z, n."""
    stem = "reader.0.layers.layers.0"
    order = [slice(H, 2 * H), slice(0, H), slice(2 * H, 3 * H)]
    for name, other in (("Wx", "weight_ih_l0"), ("Wh", "weight_hh_l0"), ("b", "bias_ih_l0")):
        blocks = np.concatenate([mine[f"{stem}.{name}"].data[..., part] for part in order], axis=-1)
        parameters[f"gru.{other}"].copy_(torch.from_numpy(np.ascontiguousarray(blocks.T)))
    zeros = np.concatenate([np.zeros(2 * H), mine[f"{stem}.bh"].data])
    parameters["gru.bias_hh_l0"].copy_(torch.from_numpy(zeros))


@pytest.mark.parametrize("shape", [(9,), (7, 3)])
def test_errors_are_those_of_scikit_learn(shape):
    metrics = pytest.importorskip("sklearn.metrics", reason='scikit-learn is not installed: pip install -e ".[scores]"')
    predicted, targets = np.random.default_rng(0).standard_normal((2, *shape))
    flat = targets.ravel(), predicted.ravel()
    assert mean_absolute_error(predicted, targets) == pytest.approx(metrics.mean_absolute_error(*flat), rel=1e-12)
    assert root_mean_squared_error(predicted, targets) == pytest.approx(metrics.root_mean_squared_error(*flat), rel=1e-12)
    levels = [0.1, 0.5, 0.9]
    several = np.random.default_rng(1).standard_normal((*shape, 3))
    each = [metrics.mean_pinball_loss(flat[0], several[..., k].ravel(), alpha=q) for k, q in enumerate(levels)]
    assert mean_quantile_error(several, targets, levels) == pytest.approx(np.mean(each), rel=1e-12)


@pytest.mark.usefixtures("quick")
def test_what_evaluate_prints_is_what_scikit_learn_finds(tmp_path):
    metrics = pytest.importorskip("sklearn.metrics", reason='scikit-learn is not installed: pip install -e ".[scores]"')
    file = write_series(tmp_path / "f.csv")
    options = ["--quantiles", 0.1, 0.5, 0.9, "--delay", 2]
    assert train_series("--data", file, "--target", "load", *options, "--out", tmp_path / "run") == 0
    trained = load(tmp_path / "run")
    lines = list(trained.kind.report(trained, [str(file)]))
    rows = list(csv.reader(io.StringIO("\n".join(trained.predict(file.read_text().splitlines(), all=True)))))
    forecasts = {row[0]: np.array(row[2:], dtype=float) for row in rows[1:]}
    table = small_table()
    targets = np.array(table["load"][204:])
    y = np.array([forecasts[time] for time in table["time"][204:]])
    printed = next(line.split() for line in lines if line.startswith("this model"))
    assert float(printed[2]) == pytest.approx(metrics.mean_absolute_error(targets, y[:, 1]), abs=1e-4)
    assert float(printed[-1]) == pytest.approx(metrics.root_mean_squared_error(targets, y[:, 1]), abs=1e-4)
    quantiles = [line for line in lines if line.startswith("this model")][1].split()
    each = [metrics.mean_pinball_loss(targets, y[:, k], alpha=q) for k, q in enumerate((0.1, 0.5, 0.9))]
    assert float(quantiles[2]) == pytest.approx(np.mean(each), abs=1e-4)
