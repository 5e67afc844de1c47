"""The commands, as they are typed: what they print, what they leave, and one clear line for every bad input."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from small_text import make_quick, small_text, write_text

from scratchnn import cli
from scratchnn.backend.arrays import load_backend
from scratchnn.checkpoint import load_arrays, save_arrays
from scratchnn.commands.sample import continue_text
from scratchnn.commands.train_lm import split_text
from scratchnn.errors import BackendError
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.runs import RunFolder
from scratchnn.text import Vocabulary, tokenize

SMALL = ["--hidden", "8", "--batch", "4", "--window", "8", "--epochs", "1", "--lr", "0.01", "--checkpoint-every", "20"]
FILES = ["checkpoint.npz", "history.csv", "loss.png", "model.npz", "settings.json", "vocabulary.json"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    make_quick(monkeypatch)


@pytest.fixture
def text(tmp_path):
    return write_text(tmp_path / "text.txt")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a text and two runs on it, to be read and copied, never changed."""
    folder = tmp_path_factory.mktemp("trained")
    text = write_text(folder / "text.txt")
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        for level in ("char", "word"):
            assert train("--text", text, "--level", level, "--out", folder / level) == 0
    return folder


@pytest.fixture
def run_folder(trained, tmp_path):
    """A run that a test may damage."""
    return shutil.copytree(trained / "word", tmp_path / "run")


def command(*arguments):
    """Exit status of a command, those that the parser gives included."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return stop.code


def train(*arguments):
    return command("train", "lm", *SMALL, *arguments)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def assert_one_line(capsys, *parts):
    """Nothing but one line of error, which holds ``parts``."""
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.endswith("\n")
    assert output.err.count("\n") == 1, output.err
    for part in parts:
        assert part in output.err


# --- train, sample, evaluate -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["char", "word"])
def test_train_sample_evaluate(trained, capsys, level):
    run = trained / level
    assert sorted(path.name for path in run.iterdir()) == FILES
    settings = json.loads((run / "settings.json").read_text())
    assert (settings["kind"], settings["level"], settings["hidden_size"], settings["epochs"]) == ("lm", level, 8, 1)
    assert "version" in settings

    assert command("sample", run, "--prompt", "the cat", "--length", "30", "--seed", "1") == 0
    first = capsys.readouterr().out
    assert first.startswith("the cat")
    assert command("sample", run, "--prompt", "the cat", "--length", "30", "--seed", "1") == 0
    assert capsys.readouterr().out == first
    assert command("sample", run, "--prompt", "the cat", "--length", "30", "--seed", "2") == 0
    assert capsys.readouterr().out != first

    assert command("evaluate", run, "--text", trained / "text.txt") == 0
    output = capsys.readouterr().out
    model, vocabulary, _ = RunFolder(run).load_language_model()
    ids = vocabulary.encode(tokenize(small_text(), level))
    loss, count = evaluate_text(model, ids)
    assert f"{count:,} {level}s predicted, 0.00% of the text <unk>" in output
    assert f"loss {loss:.4f} nats, {loss / np.log(2):.4f} bits per {level}, perplexity {np.exp(loss):.2f}" in output


def test_what_training_prints(text, tmp_path, capsys):
    assert train("--text", text, "--level", "word", "--layers", 2, "--out", tmp_path / "run", "--epochs", 2) == 0
    output = capsys.readouterr().out
    assert "layers.1 LSTM" in output
    learn, validate = (7 * part.count("\n") for part in split_text(small_text()))  # six words and the line's end
    assert learn + validate == 7 * 60
    steps = -(-((learn - 1) // 4) // 8)
    assert f"{learn} tokens to learn, {validate} to validate, 13 distinct; {steps} steps an epoch" in output
    assert "epoch 1: training perplexity" in output
    assert "epoch 2: training perplexity" in output
    assert "best validation perplexity " in output
    assert output.rstrip().endswith(f"everything is in {tmp_path / 'run'}")
    assert max(map(len, output.splitlines()[:-1])) <= 100


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_cell_and_option_ends_in_the_model_that_was_asked_for(text, tmp_path, cell):
    options = [
        "--cell",
        cell,
        "--layers",
        2,
        "--dropout",
        0.2,
        "--tie",
        "--optimizer",
        "sgd",
        "--lr",
        1,
        "--schedule",
        "step",
    ]
    assert train("--text", text, *options, "--patience", 2, "--valid", text, "--out", tmp_path / "run") == 0
    model, vocabulary, settings = RunFolder(tmp_path / "run").load_language_model()
    assert model.output.W is model.embedding.W
    assert len(model.cells.layers) == 2
    assert type(model.cells.layers[0]).__name__ == cell.upper()
    assert not model.training
    assert settings["lr"] == 1.0
    assert len(vocabulary) == model.vocabulary_size


def test_compressed_text_several_files_and_a_text_without_line_ends(text, tmp_path):
    """They are read as one text; ``model.npz`` tells that they were the same."""
    whole = text.read_bytes()
    middle = whole.index(b"\n", len(whole) // 2) + 1
    (tmp_path / "a.gz").write_bytes(gzip.compress(whole[:middle]))
    (tmp_path / "b.txt").write_bytes(b"\xef\xbb\xbf" + whole[middle:].replace(b"\n", b"\r\n"))
    assert train("--text", text, "--out", tmp_path / "one") == 0
    assert train("--text", tmp_path / "a.gz", tmp_path / "b.txt", "--out", tmp_path / "two") == 0
    assert (tmp_path / "one" / "model.npz").read_bytes() == (tmp_path / "two" / "model.npz").read_bytes()
    (tmp_path / "line.txt").write_bytes(whole.replace(b"\n", b" "))
    assert train("--text", tmp_path / "line.txt", "--out", tmp_path / "three") == 0


def test_the_best_epoch_is_kept_not_the_last(text, tmp_path, capsys):
    """A rate that is far too high after the first epoch: the model of the best validation loss stays."""
    assert train("--text", text, "--out", tmp_path / "a", "--optimizer", "sgd", "--lr", 2, "--epochs", 1) == 0
    options = ["--optimizer", "sgd", "--lr", 2, "--epochs", 8, "--clip", 50]
    assert train("--text", text, "--out", tmp_path / "b", *options) == 0
    output = capsys.readouterr().out
    losses = [
        float(line.split("validation perplexity ")[1].split(",")[0]) for line in output.splitlines() if "lr " in line
    ][1:]
    best = min(losses)
    assert f"best validation perplexity {best:.2f} (epoch {losses.index(best) + 1})" in output
    model, _, _ = RunFolder(tmp_path / "b").load_language_model()
    history = (tmp_path / "b" / "history.csv").read_text().splitlines()
    assert len(history) == 1 + 8
    checkpoint, meta = load_arrays(tmp_path / "b" / "checkpoint.npz")
    assert meta["best_epoch"] == losses.index(best) + 1
    same = (model.embedding.W.data == checkpoint["model/embedding.W"]).all()
    assert same == (meta["best_epoch"] == 8)


def test_greedy_samples_and_options(trained, capsys):
    for options in (["--temperature", 0], ["--top-k", 1], ["--top-p", 1e-9]):
        outputs = []
        for seed in (1, 2):
            assert command("sample", trained / "char", *options, "--length", 20, "--seed", seed) == 0
            outputs.append(capsys.readouterr().out)
        assert outputs[0] == outputs[1]
        assert len(outputs[0]) == 21  # the empty prompt, a line end, is not shown


def test_prompts(trained):
    model, vocabulary, _ = RunFolder(trained / "word").load_language_model()

    def ids_read(prompt):
        read = []
        original = model.forward
        model.forward = lambda ids, state=None: (read.append(ids[0].tolist()), original(ids, state))[1]
        shown = continue_text(model, vocabulary, "word", prompt, 1, np.random.default_rng(0))
        del model.forward
        return vocabulary.decode(read[0]), shown

    assert ids_read("the cat")[0] == ["the", "cat"]  # goes on in the same line
    assert ids_read("the cat\n")[0] == ["the", "cat", "<eos>"]
    assert ids_read("the\ncat")[0] == ["the", "<eos>", "cat"]
    assert ids_read("")[0] == ["<eos>"]
    read, shown = ids_read("the wombat")
    assert read == ["the", "<unk>"]  # a word it does not know is shown as it was given
    assert shown.startswith("the wombat ")


def test_unk_is_never_drawn(trained):
    model, vocabulary, _ = RunFolder(trained / "word").load_language_model()
    model.output.b.data[vocabulary.unknown] = 50
    assert "<unk>" not in continue_text(model, vocabulary, "word", "the", 50, np.random.default_rng(0))


# --- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["train"], ["train", "lm"], ["sample"], ["evaluate"]])
def test_help_fits_100_columns(monkeypatch, capsys, arguments):
    monkeypatch.setenv("COLUMNS", "100")
    assert command(*arguments, "--help") == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: scratchnn")
    assert max(map(len, output.splitlines())) <= 100


def test_help_of_training_names_every_argument_and_default(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    command("train", "lm", "--help")
    output = " ".join(capsys.readouterr().out.split())
    for part in (
        "--cell rnn|gru|lstm",
        "recurrent cell (default: lstm)",
        "--tie",
        "--resume",
        "(default: runs/lm)",
        "--device",
    ):
        assert part in output


# --- bad input: one line, status 2, nothing left behind --------------------------------------------------------------

BAD_SETTINGS = [
    (["--hidden", "0"], "--hidden must be a whole number of 1 or more, got 0"),
    (["--hidden", "-3"], "--hidden must be a whole number of 1 or more, got -3"),
    (["--hidden", "2.5"], "argument --hidden: invalid int value: '2.5'"),
    (["--hidden", "many"], "argument --hidden: invalid int value: 'many'"),
    (["--embed", "-1"], "--embed must be a whole number of 1 or more, got -1"),
    (["--layers", "0"], "--layers must be a whole number of 1 or more, got 0"),
    (["--layers", "1.0"], "argument --layers: invalid int value: '1.0'"),
    (["--epochs", "0"], "--epochs must be a whole number of 1 or more, got 0"),
    (["--batch", "-2"], "--batch must be a whole number of 1 or more, got -2"),
    (["--window", "0"], "--window must be a whole number of 1 or more, got 0"),
    (["--vocabulary", "1"], "--vocabulary must be a whole number of 2 or more, got 1"),
    (["--checkpoint-every", "0"], "--checkpoint-every must be a whole number of 1 or more, got 0"),
    (["--patience", "0"], "--patience must be a whole number of 1 or more, got 0"),
    (["--seed", "-1"], "--seed must be a whole number of 0 or more, got -1"),
    (["--decay-after", "0"], "--decay-after must be a whole number of 1 or more, got 0"),
    (["--dropout", "1"], "the dropout probability must be 0 or more and below 1, got 1.0"),
    (["--dropout", "nan"], "the dropout probability must be 0 or more and below 1, got nan"),
    (["--lr", "-1"], "lr must be 0 or more"),
    (["--lr", "inf"], "lr must be 0 or more"),
    (["--clip", "0"], "--clip must be above 0, got 0.0"),
    (["--clip", "nan"], "--clip must be above 0, got nan"),
    (["--schedule", "step", "--decay", "0"], "factor must be above 0 and at most 1, got 0.0"),
    (["--schedule", "linear"], "argument --schedule: invalid choice: 'linear'"),
    (["--cell", "mgu"], "unknown cell 'mgu'; choose one of rnn, gru, lstm"),
    (["--level", "byte"], "argument --level: invalid choice: 'byte'"),
    (["--optimizer", "lbfgs"], "argument --optimizer: invalid choice: 'lbfgs'"),
    (["--tie", "--embed", "4"], "weight tying needs embedding size = hidden size, got 4 and 8"),
    (["--batch", "999"], "one batch of windows takes 999 x 8 + 1 = 7993; use a longer text, a smaller batch"),
    (["--valid", "nowhere.txt"], "cannot read nowhere.txt: No such file or directory"),
    (["--colour", "red"], "unrecognized arguments: --colour red"),
]


@pytest.mark.parametrize(("options", "message"), BAD_SETTINGS, ids=[" ".join(options) for options, _ in BAD_SETTINGS])
def test_bad_settings(text, tmp_path, capsys, options, message):
    assert train("--text", text, "--out", tmp_path / "run", *options) == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no text in"),
        (b" \n\r\n\t \n", "no text in"),
        (b"a short line\n", "the text has"),
        ("caf\xe9\n".encode("latin-1") * 99, "is not UTF-8: byte 0xe9 at offset 3; convert it first"),
        (None, "No such file or directory"),
    ],
)
def test_bad_texts(tmp_path, capsys, raw, message):
    path = tmp_path / "text.txt"
    if raw is not None:
        path.write_bytes(raw)
    assert train("--text", path, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


def test_an_empty_validation_text(text, tmp_path, capsys):
    (tmp_path / "valid.txt").write_bytes(b"")
    assert train("--text", text, "--valid", tmp_path / "valid.txt", "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "the validation text has fewer than two tokens; give a longer one with --valid FILE")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_left_alone(text, run_folder, capsys):
    before = contents(run_folder)
    assert train("--text", text, "--out", run_folder) == 2
    assert_one_line(capsys, "already holds a run; choose another --out, or continue it with --resume")
    assert contents(run_folder) == before
    for name in ("settings.json", "history.csv", "checkpoint.npz"):  # as long as there is something to lose
        (run_folder / name).unlink()
        before = contents(run_folder)
        assert train("--text", text, "--out", run_folder) == 2
        assert_one_line(capsys, "already holds a run")
        assert contents(run_folder) == before


def test_an_out_folder_that_cannot_be_made(text, tmp_path, capsys):
    (tmp_path / "file").write_text("precious")
    for out, message in [
        ("file", "is a file, not a folder"),
        ("file/run", "cannot create"),
        ("x" * 300, "cannot create"),
    ]:
        assert train("--text", text, "--out", tmp_path / out) == 2
        assert_one_line(capsys, message)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_folder_with_other_things_in_it_may_be_used(text, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    assert train("--text", text, "--out", tmp_path / "run") == 0
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_no_gpu_where_one_is_asked_for(text, tmp_path, capsys):
    try:
        load_backend("cupy")
    except BackendError as error:
        expected = str(error)
    else:
        pytest.skip("there is a GPU here")
    assert train("--text", text, "--out", tmp_path / "run", "--device", "gpu") == 2
    assert_one_line(capsys, expected)
    assert not (tmp_path / "run").exists()


def test_a_disk_that_is_full_leaves_nothing_that_counts_as_a_run(text, tmp_path, capsys, monkeypatch):
    original = os.replace

    def full(source, target):
        if str(target).endswith("settings.json"):
            raise OSError(28, "No space left on device")
        original(source, target)

    monkeypatch.setattr("os.replace", full)
    assert train("--text", text, "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "settings.json: No space left on device")
    monkeypatch.setattr("os.replace", original)
    assert train("--text", text, "--out", tmp_path / "run") == 0


def test_too_little_memory(text, tmp_path, capsys):
    assert train("--text", text, "--out", tmp_path / "run", "--hidden", 10**12) == 2
    assert_one_line(capsys, "not enough memory; use smaller sizes")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_explodes(text, tmp_path, capsys, monkeypatch):
    original = LanguageModel.backward_loss

    def explode(model):
        original(model)
        model.output.b.grad[:] = np.nan

    monkeypatch.setattr(LanguageModel, "backward_loss", explode)
    assert train("--text", text, "--out", tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the gradient of parameter 'output.b' of shape")
    assert error.count("\n") == 1


# --- bad checkpoints -------------------------------------------------------------------------------------------------


def resume(folder, *options):
    return command("train", "lm", "--resume", "--out", folder, *options)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-100]), "is damaged or was not written by scratchnn"),
        (lambda path: path.write_bytes(b""), "is damaged or was not written by scratchnn"),
        (lambda path: path.write_text("not an archive"), "is damaged or was not written by scratchnn"),
        (lambda path: np.savez(path, W=np.ones(3)), "was not written by this version of scratchnn"),
        (lambda path: save_arrays(path, {"W": np.ones(3)}, {}), "is not a training checkpoint"),
        (lambda path: shutil.copy(path.with_name("model.npz"), path), "is not a training checkpoint"),
    ],
)
def test_a_damaged_or_foreign_checkpoint(run_folder, capsys, damage, message):
    damage(run_folder / "checkpoint.npz")
    before = contents(run_folder)
    assert resume(run_folder, "--epochs", 2) == 2
    assert_one_line(capsys, "checkpoint.npz", message)
    assert contents(run_folder) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", 9], "was started with --hidden 8, not 9; leave it out, or choose another --out"),
        (["--cell", "gru"], "was started with --cell lstm, not gru"),
        (["--layers", 2], "was started with --layers 1, not 2"),
        (["--tie"], "was started with --tie False, not True"),
        (["--level", "char"], "was started with --level word, not char"),
        (["--seed", 5], "was started with --seed 0, not 5"),
        (["--window", 5], "was started with --window 8, not 5"),
    ],
)
def test_a_run_is_continued_with_its_own_settings_alone(run_folder, capsys, options, message):
    before = contents(run_folder)
    assert resume(run_folder, "--epochs", 2, *options) == 2
    assert_one_line(capsys, message)
    assert contents(run_folder) == before


def test_a_checkpoint_of_another_architecture(run_folder, capsys):
    """As when somebody copies one from another folder, and changes the settings to match or not."""
    settings = json.loads((run_folder / "settings.json").read_text())
    for change, message in [
        ({"cell": "gru"}, "checkpoint.npz was written with cell = 'lstm', this run has 'gru'"),
        ({"hidden_size": 7}, "checkpoint.npz was written with hidden_size = 8, this run has 7"),
    ]:
        (run_folder / "settings.json").write_text(json.dumps(settings | change))
        assert resume(run_folder, "--epochs", 2) == 2
        assert_one_line(capsys, message)


def test_another_text(run_folder, tmp_path, capsys):
    before = contents(run_folder)
    other = write_text(tmp_path / "other.txt", seed=9)
    assert resume(run_folder, "--epochs", 2, "--text", other) == 2
    assert_one_line(capsys, "was started with another text; give that one, or choose another --out")
    assert resume(run_folder, "--epochs", 2, "--valid", other) == 2
    assert_one_line(capsys, "was started with another text")
    assert contents(run_folder) == before


def test_the_same_text_may_have_moved(run_folder, trained, tmp_path, capsys):
    moved = shutil.copy(trained / "text.txt", tmp_path / "moved.txt")
    assert resume(run_folder, "--epochs", 2, "--text", moved) == 0
    assert "continuing after" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("", "is not a settings file"),
        ('{"kind": "lm", ', "is not a settings file"),
        ("[1, 2]", "is not a settings file"),
        ('{"kind": "classifier"}', "holds no language model but 'classifier'"),
        (
            '{"kind": "lm", "level": "word", "hidden_size": "eight"}',
            "--hidden must be a whole number of 1 or more, got 'eight'",
        ),
        ('{"kind": "lm", "level": "byte"}', "--level must be one of char, word, got 'byte'"),
        ('{"kind": "lm", "dropout": true}', "--dropout must be a number, got True"),
        ('{"kind": "lm", "optimizer": "newton"}', "--optimizer must be one of adam, sgd, got 'newton'"),
    ],
)
def test_damaged_settings_at_resume(run_folder, capsys, raw, message):
    (run_folder / "settings.json").write_text(raw)
    before = contents(run_folder)
    assert resume(run_folder, "--epochs", 2) == 2
    assert_one_line(capsys, message)
    assert contents(run_folder) == before


# --- sample and evaluate, badly used ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sample", "evaluate"])
def test_folders_without_a_model(text, run_folder, tmp_path, capsys, name):
    rest = [] if name == "sample" else ["--text", text]
    assert command(name, tmp_path / "nowhere", *rest) == 2
    assert_one_line(capsys, "nowhere holds no run (no settings.json)")
    assert command(name, text, *rest) == 2
    assert_one_line(capsys, "cannot read")
    model = run_folder / "model.npz"
    whole = model.read_bytes()
    for raw, message in [
        (whole[:200], "model.npz is damaged or was not written by scratchnn"),
        ((run_folder / "checkpoint.npz").read_bytes(), "model.npz holds None, not a LanguageModel"),
        (None, "holds no model.npz yet: no epoch has ended; continue it with --resume"),
    ]:
        if raw is None:
            model.unlink()
        else:
            model.write_bytes(raw)
        assert command(name, run_folder, *rest) == 2
        assert_one_line(capsys, message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 9}, "parameter 'cells.layers.0.Wx' has shape (8, 32) in the saved state, (8, 36) here"),
        ({"cell": "rnn"}, "parameter 'cells.layers.0.Wx' has shape (8, 32) in the saved state, (8, 8) here"),
        ({"layers": 2}, "the saved state lacks parameter 'cells.layers.1.Wx'"),
        ({"cell": "cnn"}, "unknown cell 'cnn'"),
        ({"hidden_size": 8.5}, "hidden_size must be a whole number of 1 or more, got 8.5"),
        ({"level": "byte"}, "level must be one of char, word, got 'byte'"),
        ({"kind": "tagger"}, "holds no language model but 'tagger'"),
    ],
)
def test_a_model_of_another_architecture(run_folder, capsys, change, message):
    settings = json.loads((run_folder / "settings.json").read_text())
    (run_folder / "settings.json").write_text(json.dumps(settings | change))
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, message)


def test_a_vocabulary_of_another_model_and_settings_that_lack_something(run_folder, capsys):
    Vocabulary(["<unk>", "the", "cat"]).save(run_folder / "vocabulary.json")
    assert command("sample", run_folder, "--prompt", "the") == 2
    assert_one_line(capsys, "parameter 'embedding.W' has shape (13, 8) in the saved state, (3, 8) here")
    (run_folder / "vocabulary.json").unlink()
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "cannot read vocabulary", "No such file")
    settings = json.loads((run_folder / "settings.json").read_text())
    del settings["cell"]
    (run_folder / "settings.json").write_text(json.dumps(settings))
    Vocabulary(["<unk>", "the", "cat"]).save(run_folder / "vocabulary.json")
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, "settings.json lacks 'cell'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prompt", "wombat"], "the model knows no token of the prompt 'wombat'"),
        (["--prompt", "the \udcff"], "is not UTF-8"),
        (["--temperature", "-1"], "temperature must be 0 or more and finite, got -1.0"),
        (["--temperature", "nan"], "temperature must be 0 or more and finite, got nan"),
        (["--temperature", "hot"], "argument --temperature: invalid float value: 'hot'"),
        (["--top-k", "0"], "top-k must be a whole number of 1 or more, got 0"),
        (["--top-k", "2.5"], "argument --top-k: invalid int value: '2.5'"),
        (["--top-p", "0"], "top-p must be above 0 and at most 1, got 0.0"),
        (["--top-p", "1.5"], "top-p must be above 0 and at most 1, got 1.5"),
        (["--length", "0"], "--length must be a whole number of 1 or more, got 0"),
        (["--seed", "-1"], "--seed must be a whole number of 0 or more, got -1"),
    ],
)
def test_bad_sampling(trained, capsys, options, message):
    assert command("sample", trained / "word", *options) == 2
    assert_one_line(capsys, message)


def test_a_model_that_never_saw_the_start_of_a_line(tmp_path, capsys):
    (tmp_path / "line.txt").write_text(small_text().replace("\n", " "))
    assert train("--text", tmp_path / "line.txt", "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("sample", tmp_path / "run") == 2
    assert_one_line(capsys, "the model knows no start of a line; give it a --prompt")
    assert command("sample", tmp_path / "run", "--prompt", "cat") == 0


@pytest.mark.parametrize(
    ("raw", "message"),
    [(b"", "no text in"), (b"x", None), ("caf\xe9".encode("latin-1"), "is not UTF-8"), (None, "No such file")],
)
def test_bad_texts_to_evaluate(trained, tmp_path, capsys, raw, message):
    path = tmp_path / "text.txt"
    if raw is not None:
        path.write_bytes(raw)
    status = command("evaluate", trained / "char", "--text", path)
    if message is None:  # a letter and the end of its line are two tokens, so one is predicted
        assert status == 0
        assert "1 chars predicted, 50.00% of the text <unk>" in capsys.readouterr().out
    else:
        assert status == 2
        assert_one_line(capsys, message)


@pytest.mark.parametrize("arguments", [[], ["train"], ["learn"], ["sample"], ["evaluate", "x"], ["train", "cnn"]])
def test_commands_that_are_not_whole(capsys, arguments):
    assert command(*arguments) == 2
    assert_one_line(capsys, "see scratchnn")


# --- interrupted -----------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_with_130_and_the_run_can_go_on(text, tmp_path, capsys, monkeypatch):
    undisturbed = tmp_path / "undisturbed"
    assert train("--text", text, "--out", undisturbed, "--level", "word") == 0
    original = LanguageModel.backward_loss
    steps = []

    def interrupted(model):
        steps.append(1)
        if len(steps) == 9:
            raise KeyboardInterrupt
        original(model)

    monkeypatch.setattr(LanguageModel, "backward_loss", interrupted)
    capsys.readouterr()
    options = ["--text", text, "--out", tmp_path / "run", "--level", "word"]
    assert train(*options) == 130
    error = capsys.readouterr().err
    assert "interrupted" in error
    assert "Traceback" not in error
    assert train(*options, "--resume") == 0
    assert (tmp_path / "run" / "model.npz").read_bytes() == (undisturbed / "model.npz").read_bytes()


def test_a_reader_that_has_gone_is_no_error(trained):
    """As in ``sample ... | head -c 3``: no traceback, nothing on stderr."""
    sample = [sys.executable, "-m", "scratchnn", "sample", str(trained / "char"), "--length"]
    for length in ("2", "30000"):  # less than a buffer, and more
        process = subprocess.Popen([*sample, length], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        error = process.stderr.read()
        process.stderr.close()
        assert error == b""
        assert process.wait(timeout=300) == 141
