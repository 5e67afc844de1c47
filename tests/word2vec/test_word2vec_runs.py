"""``train word2vec``: what it learns, that runs can be repeated and resumed, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.cli import main
from scratchnn.word2vec import read_vectors
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities
from scratchnn.word2vec.training import Word2VecTrainer

MODELS = ["cbow", "skipgram"]


@pytest.fixture
def text(tmp_path):
    """Sentences in which cat and dog occur in the same places, and so do red and blue."""
    rng = np.random.default_rng(0)
    lines = []
    for animal, colour, verb, thing in rng.integers(0, 2, (1500, 4)):
        said = ["cat", "dog"][animal], ["eats", "sees"][verb], ["red", "blue"][colour], ["ball", "bone"][thing]
        lines.append("the {} {} a {} {}".format(*said))
    path = tmp_path / "text.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def train(text, out, *options):
    arguments = ["--dim", 16, "--window", 2, "--epochs", 3, "--sample", 0, "--out", out, *options]
    return main(["train", "word2vec", "--text", *map(str, [text, *arguments])])


@pytest.mark.parametrize("model", MODELS)
def test_words_in_the_same_places_become_neighbours(text, tmp_path, model):
    assert train(text, tmp_path / "run", "--model", model) == 0
    kv = read_vectors(tmp_path / "run")
    assert kv.similarity("cat", "dog") > kv.similarity("cat", "red") + 0.2
    assert kv.similarity("red", "blue") > kv.similarity("red", "eats") + 0.2
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "settings.json", "vocabulary.json", "vectors.txt", "checkpoint.npz", "history.csv", "loss.png",
    }  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_the_same_seed_gives_the_same_bytes(text, tmp_path, model):
    written = []
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(text, tmp_path / out, "--model", model, "--seed", seed)
        written.append((tmp_path / out / "vectors.txt").read_bytes())
    assert written[0] == written[1] != written[2]


@pytest.mark.parametrize("model", MODELS)
def test_a_run_that_was_interrupted_ends_with_the_same_bytes(text, tmp_path, model, monkeypatch, capsys):
    train(text, tmp_path / "whole", "--model", model)
    learn, calls = Word2VecTrainer.learn, []

    def interrupted(self, *args):
        calls.append(self.epoch)
        if self.epoch == 1:
            raise KeyboardInterrupt
        return learn(self, *args)

    monkeypatch.setattr(Word2VecTrainer, "learn", interrupted)
    assert train(text, tmp_path / "parts", "--model", model) == 130
    monkeypatch.undo()
    assert calls.count(1) == 1
    assert main(["train", "word2vec", "--out", str(tmp_path / "parts"), "--resume"]) == 0
    assert (tmp_path / "parts" / "vectors.txt").read_bytes() == (tmp_path / "whole" / "vectors.txt").read_bytes()
    capsys.readouterr()
    assert main(["train", "word2vec", "--out", str(tmp_path / "parts"), "--resume"]) == 0
    assert "finished" in capsys.readouterr().out


def test_noise_is_drawn_by_the_power_of_three_quarters():
    counts = np.array([1000, 300, 100, 30, 10, 3])
    drawn = np.bincount(NoiseSampler(counts).draw(200_000, np.random.default_rng(0)), minlength=6)
    expected = 200_000 * counts**0.75 / (counts**0.75).sum()
    assert ((drawn - expected) ** 2 / expected).sum() < 20.5  # chi-squared, 5 degrees of freedom, one in a thousand


def test_frequent_words_are_subsampled_as_in_word2vec_c():
    counts = np.array([90_000, 900, 9])
    share = counts / counts.sum() / 1e-3
    np.testing.assert_allclose(keep_probabilities(counts, 1e-3), np.minimum((np.sqrt(share) + 1) / share, 1))
    np.testing.assert_array_equal(keep_probabilities(counts, 0), 1)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"", []),
        (b"  \n \n", []),
        (b"one " * 50, []),
        (b"caf\xe9 " * 50, []),
        (b"one two three four five six\n" * 2, ["--min-count", 1, "--window", 50]),
        (b"one two three four five six\n" * 9, ["--model", "glove"]),
        (b"one two three four five six\n" * 9, ["--alpha", -1]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, content, options, capsys):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    try:
        status = train(path, tmp_path / "run", *options)
    except SystemExit as stop:  # an argument that the parser refuses
        status = stop.code
    error = capsys.readouterr().err
    assert status == 2
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_run_is_left_alone(text, tmp_path, capsys):
    train(text, tmp_path / "run")
    before = (tmp_path / "run" / "vectors.txt").read_bytes()
    assert train(text, tmp_path / "run") == 2
    assert "already contains a run" in capsys.readouterr().err
    assert (tmp_path / "run" / "vectors.txt").read_bytes() == before
