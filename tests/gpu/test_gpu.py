"""The same numbers on a GPU. Skipped, with the reason, if there is none."""

import numpy as np
import pytest

from scratchnn.backend import move, scatter_add, to_numpy
from scratchnn.backend.arrays import load_backend
from scratchnn.data import TokenStreams
from scratchnn.errors import BackendError
from scratchnn.gradcheck import all_cases
from scratchnn.gradcheck.engine import draw_cotangents
from scratchnn.gradcheck.problems import move_problem
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import Adam
from scratchnn.training import Trainer

try:
    load_backend("cupy")
    REASON = ""
except BackendError as error:
    REASON = str(error)

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(bool(REASON), reason=REASON)]


@pytest.mark.parametrize("name", list(all_cases()))
def test_case_gives_the_same_on_the_gpu(name):
    """Outputs and all gradients, float64, for the same arrays; random cases draw other masks per device: only shapes."""
    results = []
    for where in ("numpy", "cupy"):
        problem = all_cases()[name].problem()
        move_problem(problem, where)
        outputs, pull = problem.run(problem.arrays)
        gradients = pull(draw_cotangents(problem))
        results.append([to_numpy(array) for array in [*outputs, *(gradients[key] for key in problem.arrays)]])
    if all_cases()[name].random:
        assert [array.shape for array in results[0]] == [array.shape for array in results[1]]
        return
    for found, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", list(all_cases()))
def test_gradient_check_on_the_gpu(name):
    """The checks themselves, dropout included."""
    assert [finding for finding in all_cases()[name].check(device="cupy") if not finding.ok] == []


def test_scatter_add_with_repeated_ids():
    rng = np.random.default_rng(0)
    ids, rows = rng.integers(0, 5, 1000), rng.standard_normal((1000, 3))
    here = np.zeros((5, 3))
    scatter_add(here, ids, rows)
    there = move(np.zeros((5, 3)), "cupy")
    scatter_add(there, move(ids, "cupy"), move(rows, "cupy"))
    np.testing.assert_allclose(to_numpy(there), here, rtol=1e-12)


def test_training_gives_the_same_on_the_gpu():
    streams = TokenStreams(np.random.default_rng(1).integers(0, 50, 2001).astype(np.int32), 4, 20)
    losses = []
    for where in ("numpy", "cupy"):
        model = LanguageModel(50, embedding_size=16, hidden_size=16, layers=2, tied=True, rng=np.random.default_rng(0))
        trainer = Trainer(model.to(where), Adam(model.parameters()), streams, max_norm=0.25, progress=False)
        losses.append([row["loss"] for row in trainer.fit(2).rows])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
