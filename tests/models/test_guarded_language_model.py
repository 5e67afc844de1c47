"""Evaluation, decoding and whole runs on an array library as strict as CuPy give the same as on NumPy."""

from __future__ import annotations

import guarded
import numpy as np
import pytest

from scratchnn.backend import arrays, backend_name, move
from scratchnn.data import TokenStreams
from scratchnn.decoding import generate
from scratchnn.inspection.summary import summary
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.models.tune_model import TuneModel
from scratchnn.optim import Adam, Plateau
from scratchnn.recurrent.cells import CELLS
from scratchnn.training import Trainer
from scratchnn.training.run_folder import RunFolder

LIBRARIES = ("numpy", "guarded")
IDS = np.random.default_rng(1).integers(0, 7, 121).astype(np.int32)
pytestmark = pytest.mark.usefixtures("quick", "guarded_backend")


@pytest.fixture
def guarded_backend(monkeypatch):
    """Make ``"guarded"`` a backend like any other."""
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])


def model_on(library, cell="lstm", dropout=0.3):
    model = LanguageModel(
        7, embedding_size=6, hidden_size=6, cell=cell, layers=2, dropout=dropout, tied=True, rng=np.random.default_rng(0)
    )
    for name, parameter in model.named_parameters().items():
        factor = 1 if cell == "rnn-relu" and name.endswith("Wh") else 3  # the state of a ReLU cell has no bound
        parameter.data = parameter.data * factor
    return model.to(library)


@pytest.mark.parametrize("cell", CELLS)
def test_evaluating_drawing_and_showing(cell):
    models = [model_on(library, cell) for library in LIBRARIES]
    losses = [evaluate_text(model, IDS, window=16) for model in models]
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-6)
    assert losses[0][1] == losses[1][1] == 120
    draws = [generate(model.step, [1, 2], 30, np.random.default_rng(0), top_k=4, avoid=[0]) for model in models]
    assert draws[0] == draws[1]
    tables = [summary(model, move(IDS[None, :1], library)) for model, library in zip(models, LIBRARIES, strict=True)]
    assert tables[0] == tables[1]


def test_a_whole_run(tmp_path):
    """As in ``train lm``: validation, schedule, clipping, checkpoints, the file of the model."""
    found = []
    for library in LIBRARIES:
        model = model_on(library, dropout=0.0)
        optimizer = Adam(model.parameters(), 0.01)
        folder = RunFolder(tmp_path / library)
        folder.create(resume=False)
        trainer = Trainer(
            model,
            optimizer,
            TokenStreams(IDS, 3, 5),
            max_norm=0.5,
            schedule=Plateau(optimizer),
            validate=lambda model=model: model.figures(evaluate_text(model, IDS[:30])[0]),
            checkpoint=folder.checkpoint,
            checkpoint_every=3,
            on_epoch=lambda trainer, folder=folder: folder.save_model(trainer.model, {}),
        )
        history = trainer.fit(2)
        assert backend_name(model.output.b.data) == library
        found.append([(row["loss"], row["validation_loss"], row["validation_perplexity"]) for row in history.rows])
        assert trainer.resume()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_the_model_that_reads_a_clock():
    rows, found = np.stack([IDS, IDS % 4, IDS // 2], axis=1), []
    for library in LIBRARIES:
        model = TuneModel(
            7, clocks=4, counts=2, embedding_size=6, hidden_size=6, dropout=0.0, rng=np.random.default_rng(0)
        ).to(library)
        Trainer(model, Adam(model.parameters(), 0.01), TokenStreams(rows, 3, 5)).fit(1)
        logits, _ = model.step(rows[None, :9], None)
        found.append([evaluate_text(model, rows)[0], *np.asarray(move(logits, "numpy"))[0]])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
