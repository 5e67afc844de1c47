"""Training word vectors: learning rate, history, thinning out, small vocabularies, checkpoints, other devices."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
from small_text import write_text

from scratchnn.backend import arrays, backend_name, to_numpy
from scratchnn.errors import CheckpointError, DataError, NonFiniteError
from scratchnn.training.checkpoint import load_arrays
from scratchnn.word2vec import corpus as corpus_module
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.training import MODELS, Word2VecTrainer


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Eleven words in 400 lines, in pieces of a kilobyte."""
    monkeypatch.setattr(corpus_module, "PIECE", 1000)
    return Corpus([write_text(tmp_path / "text.txt", lines=400)])


def trainer(corpus, model="skipgram", **options):
    settings = {"size": 8, "epochs": 2, "sample": 0, "alpha": 0.05, "block": 16, "progress": False, **options}
    return Word2VecTrainer(corpus, model, **settings)


# --- the loop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_history(corpus, model):
    t = trainer(corpus, model, epochs=3)
    vectors = t.fit()
    assert vectors.words == corpus.vocabulary.tokens
    assert vectors.vectors.shape == (11, 8)
    assert (t.epoch, t.piece, t.words) == (3, 0, 3 * corpus.words)
    assert corpus.pieces > 5
    assert [row["words"] for row in t.rows][-1] == t.words
    assert len(t.rows) == 3 * corpus.pieces
    assert [row["epoch"] for row in t.rows] == sorted(row["epoch"] for row in t.rows)
    for row in t.rows:
        progress = row["words"] / t.words
        assert row["alpha"] == pytest.approx(max(0.05 * (1 - progress), 0.05 * 1e-4))
    assert np.mean([row["loss"] for row in t.rows[-5:]]) < t.rows[0]["loss"]


@pytest.mark.parametrize("model", MODELS)
def test_the_loss_of_a_guess(corpus, model):
    """Scores near zero: log 2 for the true word, and for each of five noise words that is not the true one."""
    t = trainer(corpus, model, alpha=1e-6, epochs=1)
    t.fit()
    meant = 1 - (t.noise.probabilities * corpus.counts / corpus.words).sum()
    assert np.mean([row["loss"] for row in t.rows]) == pytest.approx((1 + 5 * meant) * np.log(2), rel=0.03)


def test_the_history_does_not_grow_with_the_text(corpus, monkeypatch):
    monkeypatch.setattr("scratchnn.word2vec.training.RECORDS", 4)
    t = trainer(corpus, epochs=1)
    t.fit()
    assert 2 <= len(t.rows) <= 4 < corpus.pieces
    assert t.rows[-1]["words"] == corpus.words


def test_the_rate_falls_within_a_piece(corpus, monkeypatch):
    t = trainer(corpus, epochs=1)
    rates, step = [], t.step
    monkeypatch.setattr(t, "step", lambda block, lr, with_loss: rates.append(lr) or step(block, lr, with_loss))
    t.fit()
    assert len(rates) == len(set(rates)) > corpus.pieces
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 0.05


def test_thinning_out(corpus):
    """The words left are as many as the probabilities say, within four standard deviations, in each epoch other ones."""
    t = trainer(corpus, sample=0.02)
    counts = []
    for t.epoch in range(2):
        found = np.concatenate([blocks.ids for blocks, _ in t.prepared()])
        counts.append(np.bincount(found, minlength=11))
        spread = np.sqrt(corpus.counts * t.keep * (1 - t.keep))
        assert (abs(counts[-1] - corpus.counts * t.keep) < 4 * spread).all()
    assert (t.keep < 0.9).all()
    assert counts[0].tolist() != counts[1].tolist()


def test_a_piece_may_be_thinned_out_to_nothing(corpus):
    t = trainer(corpus, sample=1e-9, epochs=1)
    before = t.vectors().vectors.copy()
    t.fit()
    assert t.words == corpus.words
    np.testing.assert_allclose(t.vectors().vectors, before, atol=0.1)  # hardly a word is left


SMALL = {
    "two words": "a b " * 5000,
    "eight words": "you say goodbye and i say hello .\n" * 1000,
    "one word and some others": " ".join("x" if k % 50 else f"y{k % 7}" for k in range(20_000)),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", SMALL)
def test_small_vocabularies_do_not_diverge(tmp_path, model, name):
    """A large block would move the vector of a word by hundreds of pairs at once, to infinity; so blocks get smaller."""
    (tmp_path / "text.txt").write_text(SMALL[name])
    t = Word2VecTrainer(Corpus([tmp_path / "text.txt"]), model, size=20, epochs=2, sample=0, progress=False)
    vectors = t.fit().vectors
    assert t.block < 64
    assert np.linalg.norm(vectors, axis=1).max() < 50
    assert t.rows[-1]["loss"] < t.rows[0]["loss"] * 1.05


def test_divergence_is_an_error(corpus):
    t = trainer(corpus, alpha=1e6)
    with pytest.raises(NonFiniteError, match=r"the loss is (nan|inf) within [\d,]+ words; lower the learning rate"):
        t.fit()


def test_bad_settings(corpus):
    for options, message in (
        ({"model": "glove"}, "unknown model 'glove'; choose one of cbow, skipgram"),
        ({"size": 0}, "size must be a whole number of 1 or more, got 0"),
        ({"block": 2.5}, "block must be a whole number of 1 or more, got 2.5"),
        ({"alpha": 0}, "alpha must be above 0, got 0"),
        ({"window": corpus.words}, f"a window of {corpus.words} words to either side is larger than the text"),
        ({"sample": -1}, "0 or more, got -1"),
    ):
        with pytest.raises(DataError, match=message):
            trainer(corpus, **{"model": "skipgram", **options})


def test_the_products_are_small(corpus, monkeypatch):
    sizes = []
    monkeypatch.setattr("scratchnn.word2vec.training.threads_for", lambda size: sizes.append(size) or nullcontext())
    trainer(corpus, model="cbow").fit()
    assert sizes == [0, 0]  # per epoch


# --- checkpoints -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_resumed_in_the_middle_of_an_epoch(corpus, tmp_path, model, monkeypatch):
    """A trainer that another one's checkpoint was loaded into ends with the same bits, and the same history."""
    whole = trainer(corpus, model, seed=3)
    whole.fit()
    first = trainer(corpus, model, seed=3, checkpoint=tmp_path / "c.npz", checkpoint_every=1)
    save, saved = first.save, []

    def save_and_stop():
        save()
        saved.append(first.piece)
        if len(saved) == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(first, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        first.fit()
    second = trainer(corpus, model, seed=3, checkpoint=tmp_path / "c.npz")
    assert second.resume()
    assert (second.epoch, second.piece) == (0, 8)
    second.fit()
    for table in ("W_in", "W_out"):
        assert getattr(second.tables, table).data.tobytes() == getattr(whole.tables, table).data.tobytes()
    assert [r["loss"] for r in second.rows] == [r["loss"] for r in whole.rows]


def test_checkpoints_that_do_not_fit(corpus, tmp_path):
    path = tmp_path / "c.npz"
    assert not trainer(corpus).resume()
    assert not trainer(corpus, checkpoint=path).resume()
    trainer(corpus, checkpoint=path, identity={"seed": 1}).save()
    assert trainer(corpus, checkpoint=path, identity={"seed": 1}).resume()
    with pytest.raises(CheckpointError, match="was written with seed = 1, this run has 2"):
        trainer(corpus, checkpoint=path, identity={"seed": 2}).resume()
    with pytest.raises(CheckpointError, match="W_in"):
        trainer(corpus, checkpoint=path, size=9).resume()
    np.savez(path, W_in=np.zeros((11, 8)))
    with pytest.raises(CheckpointError):
        trainer(corpus, checkpoint=path).resume()


@pytest.mark.parametrize("model", MODELS)
def test_on_an_array_library_as_strict_as_cupy(corpus, model, monkeypatch):
    """The same numbers; the loss is fetched once a piece, and nothing else."""
    guarded = pytest.importorskip("guarded")
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    there, here = trainer(corpus, model, device="guarded", epochs=1), trainer(corpus, model, epochs=1)
    assert backend_name(there.tables.W_in.data) == "guarded"
    fetched, get = [], guarded.Array.get
    monkeypatch.setattr(guarded.Array, "get", lambda self: fetched.append(self.shape) or get(self))
    there.fit()
    assert len(fetched) == corpus.pieces + 1  # and the vectors at the end
    here.fit()
    np.testing.assert_allclose(to_numpy(there.tables.W_in.data), here.tables.W_in.data, rtol=1e-4, atol=1e-6)
    assert [r["loss"] for r in there.rows] == pytest.approx([r["loss"] for r in here.rows], rel=1e-4)


@pytest.mark.parametrize("place", ["save", "on_epoch"])
def test_an_error_after_an_epoch_does_not_lose_it(corpus, tmp_path, place):
    """The checkpoint comes before the report; if it fails, the next ``fit`` begins with it."""
    path, reported = tmp_path / "c.npz", []
    unsteady = trainer(corpus, "cbow", checkpoint=path, on_epoch=lambda trainer: reported.append(trainer.epoch))
    original = getattr(unsteady, place)

    def fail(*arguments):
        setattr(unsteady, place, original)
        raise OSError("the disk is full")

    setattr(unsteady, place, fail)
    with pytest.raises(OSError, match="disk is full"):
        unsteady.fit()
    assert (unsteady.epoch, path.exists()) == (1, place == "on_epoch")
    unsteady._save_epoch()  # what ``fit`` begins with
    assert load_arrays(path)[1]["epoch"] == 1
    unsteady.fit()
    assert reported == list(range(2, unsteady.epochs + 1))
    whole = trainer(corpus, "cbow")
    whole.fit()
    assert unsteady.tables.W_in.data.tobytes() == whole.tables.W_in.data.tobytes()
