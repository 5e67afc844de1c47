"""The package on an array library as strict as CuPy: no implicit conversion, no mixing, and the same numbers.

This tests the code for CuPy without a GPU. Every gradient-check case runs (all functions, losses, pairs, layers and
models, with lengths, masks, states and dropout), as do optimizers, clipping and a whole training step.
"""

import guarded
import numpy as np
import pytest

from scratchnn import backend
from scratchnn.backend import array_module, arrays, backend_name, move, scatter_add, sum_rows, to_numpy
from scratchnn.core import Layer, Parameter, RowGradient
from scratchnn.data import SentenceBatches, SeriesWindows, TokenStreams
from scratchnn.datasets.generated import generated_travels
from scratchnn.gradcheck import all_cases
from scratchnn.gradcheck.engine import draw_cotangents
from scratchnn.gradcheck.problems import move_problem
from scratchnn.layers import Dense, Dropout
from scratchnn.metrics import confusion_matrix, label_scores
from scratchnn.models.classifier import Classifier
from scratchnn.models.forecaster import Forecaster
from scratchnn.models.language_model import LanguageModel
from scratchnn.models.tagger import OUTPUTS, Tagger
from scratchnn.optim import SGD, AdaGrad, Adam, AdamW, RMSprop, clip_by_norm, clip_by_value, global_norm
from scratchnn.tasks.forecaster import forecast
from scratchnn.tasks.tagged import Tagged
from scratchnn.tasks.tagger import KIND
from scratchnn.text import Vocabulary
from scratchnn.training import Trainer


@pytest.fixture(autouse=True)
def guarded_backend(monkeypatch):
    """Make ``"guarded"`` a backend like any other."""
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_guard_refuses_what_cupy_refuses(rng):
    x = move(rng.standard_normal((2, 3)), "guarded")
    y = rng.standard_normal((2, 3))
    for forbidden in (
        lambda: x + y,
        lambda: y + x,
        lambda: np.tanh(x),
        lambda: np.asarray(x),
        lambda: guarded.tanh(y),
        lambda: guarded.where(True, x, 0),
        lambda: guarded.concatenate([x, 1.0]),
        lambda: x[np.array([0, 1])],
        lambda: y.__setitem__(0, x[0]),
        lambda: x.__setitem__(0, y[0]),
        lambda: np.concatenate([x, x]),
        lambda: float(x.sum()),
        lambda: bool(x.sum() > 0),
    ):
        with pytest.raises((TypeError, ValueError)):
            forbidden()
    with pytest.raises(AttributeError):
        guarded.add.reduceat  # noqa: B018
    assert np.array_equal((x * 2).get(), x.get() * 2)


def test_the_list_of_functions_is_part_of_cupy():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    assert [name for name in guarded.FUNCTIONS if not hasattr(cupy, name)] == []


def test_moving_between_backends(rng):
    x = rng.standard_normal((2, 3))
    there = move(x, "guarded")
    assert backend_name(there) == "guarded"
    assert array_module(there) is guarded
    assert move(there, "guarded") is there
    assert np.array_equal(to_numpy(move(there, "numpy")), x)


@pytest.mark.parametrize("name", list(all_cases()))
def test_case_gives_the_same_on_the_guarded_backend(name):
    results = []
    for where in ("numpy", "guarded"):
        problem = all_cases()[name].problem()
        move_problem(problem, where)
        outputs, pull = problem.run(problem.arrays)
        gradients = pull(draw_cotangents(problem))
        results.append([to_numpy(array) for array in [*outputs, *(gradients[key] for key in problem.arrays)]])
        assert all(backend_name(y) == where for y in outputs)
    for found, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", list(all_cases()))
def test_a_case_that_depends_on_its_generator_says_that_it_is_random(name, monkeypatch):
    """On another device, whose generators draw other numbers, only the shapes of a random case can be compared."""
    case, results = all_cases()[name], []
    reseed = Layer.reseed
    for seed in (0, 1):
        monkeypatch.setattr(Layer, "reseed", lambda self, *numbers, seed=seed: reseed(self, seed))
        problem = case.problem()
        results.append([y.tobytes() for y in problem.run(problem.arrays)[0]])
    assert (results[0] != results[1]) == case.random


def test_scatter(rng):
    ids, rows = rng.integers(0, 4, 9), rng.standard_normal((9, 2))
    table = np.zeros((5, 2))
    scatter_add(table, ids, rows)
    there = move(np.zeros((5, 2)), "guarded")
    scatter_add(there, move(ids, "guarded"), move(rows, "guarded"))
    np.testing.assert_allclose(to_numpy(there), table, atol=1e-15)
    for a, b in zip(sum_rows(move(ids, "guarded"), move(rows, "guarded")), sum_rows(ids, rows), strict=True):
        np.testing.assert_allclose(to_numpy(a), b, atol=1e-15)


OPTIMIZERS = {
    "sgd": lambda p: SGD(p, 0.1),
    "momentum": lambda p: SGD(p, 0.1, momentum=0.9),
    "nesterov": lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True),
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def language_model(rng, **options):
    sizes = {"embedding_size": 4, "hidden_size": 4, "layers": 2, **options}
    return LanguageModel(7, rng=rng, **sizes)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("tied", [False, True])
def test_optimizers_and_clipping(name, tied):
    results = []
    ids = np.random.default_rng(1).integers(0, 7, (2, 6)).astype(np.int32)
    for where in ("numpy", "guarded"):
        model = language_model(np.random.default_rng(0), tied=tied).to(where)
        optimizer = OPTIMIZERS[name](model.parameters())
        state = None
        for _ in range(3):
            batch = move(ids[:, :-1].copy(), where), move(ids[:, 1:].copy(), where)
            _, _, state = model.loss(batch, state)
            model.backward_loss()
            norm = global_norm(model.parameters())
            clip_by_norm(model.parameters(), 0.1, norm)
            clip_by_value(model.parameters(), 0.05)
            optimizer.step()
            assert tied or isinstance(model.embedding.W.grad, RowGradient)
            model.clear_gradients()
        results.append({key: to_numpy(value) for key, value in model.state_dict().items()})
        slots = [value for value in optimizer.state_dict().values() if value.ndim]
        assert {backend_name(value) for value in slots} <= {where}
    for key, value in results[0].items():
        np.testing.assert_allclose(results[1][key], value, rtol=1e-4, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_training_reads_one_packed_scalar_per_step(cell, monkeypatch, tmp_path):
    """A step on a device copies loss and norm to the host together, once, and nothing else."""
    model = language_model(np.random.default_rng(0), cell=cell, dropout=0.3).to("guarded")
    streams = TokenStreams(np.random.default_rng(1).integers(0, 7, 61).astype(np.int32), 3, 5)
    fetched = []
    get = guarded.Array.get
    monkeypatch.setattr(guarded.Array, "get", lambda self: fetched.append(self.shape) or get(self))
    trainer = Trainer(model, Adam(model.parameters()), streams, max_norm=0.5, progress=False)
    trainer.fit(1)
    assert fetched == [(2,)] * len(streams)
    monkeypatch.undo()


def test_a_checkpoint_moves_from_one_backend_to_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    streams = TokenStreams(np.random.default_rng(1).integers(0, 7, 61).astype(np.int32), 3, 5)

    def trainer(where):
        model = language_model(np.random.default_rng(0)).to(where)
        return Trainer(
            model, Adam(model.parameters()), streams, checkpoint=tmp_path / "c.npz", checkpoint_every=3, progress=False
        )

    first = trainer("guarded")
    first.fit(1)
    second = trainer("numpy")
    assert second.resume()
    for name, value in second.model.state_dict().items():
        assert isinstance(value, np.ndarray)
        np.testing.assert_array_equal(value, to_numpy(first.model.state_dict()[name]))
    second.fit(2)
    third = trainer("guarded")
    assert third.resume()
    assert backend_name(third.model.embedding.W.data) == "guarded"
    assert third.epoch == 2


def test_nested_containers_move_with_their_generators(rng):
    model = Layer()
    shared = np.random.default_rng(1)
    model.heads = {"a": (Dense(2, 3, rng=rng), [Dropout(0.5, rng=shared)]), "noise": (shared, 3)}
    model.scales = [{"g": Parameter(np.ones(2))}]
    for where in ("guarded", "numpy"):
        model.to(where)
        assert {backend_name(p.data) for p in model.parameters()} == {where}
        assert [backend_name(r) for r in model.generators()] == [where]
        assert model.heads["a"][1][0].rng is model.heads["noise"][0]
        model.reseed(1, 2)
        assert [backend_name(r) for r in model.generators()] == [where]
        y = model.heads["a"][1][0].forward(model.heads["a"][0].forward(move(np.ones((1, 2)), where)))
        assert backend_name(y) == where
        model.discard_caches()


def test_unknown_backend_is_named(rng):
    with pytest.raises(backend.arrays.BackendError, match="unknown backend 'jax'"):
        language_model(rng).to("jax")


def test_scores_of_labels(rng):
    targets, predicted = rng.integers(0, 3, (2, 20))
    matrix = confusion_matrix(move(predicted, "guarded"), move(targets, "guarded"), 3)
    assert np.array_equal(matrix.get(), confusion_matrix(predicted, targets, 3))
    ones = [np.eye(3)[classes] for classes in (predicted, targets)]
    for name, values in label_scores(*(move(array, "guarded") for array in ones)).items():
        assert np.array_equal(values.get(), label_scores(*ones)[name])


@pytest.mark.parametrize("reader", ["dense", "recurrent", "conv", "tcn", "conv-recurrent"])
def test_forecasts_of_windows(rng, reader):
    """Windows are made in host memory, and moved batch by batch; the forecasts come back."""
    series = rng.standard_normal((40, 3)).astype(np.float32)
    windows = SeriesWindows(series, series[:, 0], 8, lookback=6, starts=np.arange(1, 30))
    options = {"hidden_size": 4, "reader": reader, "quantiles": (0.1, 0.5), "order": "shuffled"}
    model = Forecaster(3, 6, 1, rng=np.random.default_rng(0), **options)
    model.output.W.data = rng.standard_normal(model.output.W.shape).astype(np.float32)
    here = forecast(model, windows)
    there = forecast(model.to("guarded"), windows)
    assert here[0] == pytest.approx(there[0], rel=1e-5)
    assert isinstance(there[1], np.ndarray)
    np.testing.assert_allclose(there[1], here[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "multilabel"])
def test_probabilities_of_a_classifier(rng, output):
    model = Classifier(5, 2, embedding_size=3, hidden_size=2, output=output, rng=rng)
    logits = rng.standard_normal(4 if output == "sigmoid" else (4, 2))
    found = model.probabilities(move(logits, "guarded"))
    assert np.allclose(found.get(), model.probabilities(logits), atol=1e-15)
    assert found.shape == (4, 2)


@pytest.mark.parametrize("output", OUTPUTS)
def test_training_and_answers_of_a_tagger(output):
    tagged = [Tagged(words, tags, []) for words, tags in generated_travels(12, 0)]
    tagged.append(Tagged([], [], []))
    found = []
    for name in ("numpy", "guarded"):
        tags = ["O", *(f"{prefix}-{kind}" for kind in ("LOC", "ORG", "PER") for prefix in "BIES")]
        characters = sorted({character for one in tagged for word in one.words for character in word})
        words = sorted({word.lower() for one in tagged for word in one.words})
        parts = {"words": Vocabulary(["<pad>", "<unk>", *words]), "characters": Vocabulary(["<pad>", "<unk>", *characters])}
        parts["tags"] = Vocabulary(tags)
        examples = KIND.encode(tagged, {}, parts)
        sizes = {"embedding_size": 5, "character_size": 3, "character_units": 2, "hidden_size": 4}
        vocabularies = [len(parts[part]) for part in ("words", "characters", "tags")]
        model = Tagger(*vocabularies, **sizes, output=output, rng=np.random.default_rng(0)).to(name)
        batches = SentenceBatches(examples.sentences, [examples.tags], 4)
        trainer = Trainer(model, Adam(model.parameters(), 0.02), batches, max_norm=5, progress=False)
        losses = [row["loss"] for row in trainer.fit(2).rows]
        found.append((losses, KIND.evaluate(model, examples, {}, parts)))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-5)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-5)
