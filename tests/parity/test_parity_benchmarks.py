"""Contestants of the benchmarks that need PyTorch or gensim."""

from __future__ import annotations

import importlib
import json

import pytest
from small_text import write_text

from benchmarks import cli, recurrent, word2vec
from benchmarks.table import WIDTH
from scratchnn.word2vec import read_vectors

pytestmark = pytest.mark.parity

SETTINGS = {"device": "cpu", "threads": 1, "seconds": 0.0}


@pytest.mark.parametrize(
    "name", ["rnn", "gru", "lstm", "lm", "seq2seq", "captioner", "music", "forecaster", "softmax", "embedding"]
)
def test_their_contestants(name, tmp_path):
    """Every row's opponent, in this process."""
    pytest.importorskip("torch")
    options = cli.build_parser().parse_args([name, "--against", "torch", "--quick"])
    module = importlib.import_module(f"benchmarks.{cli.FAMILIES[name]}")
    rows = module.rows(name, options, SETTINGS)
    for row in rows:
        where, _, function = row.theirs.partition(":")
        assert getattr(importlib.import_module(where), function)(row.case, SETTINGS)["value"] > 0
    assert {"lstm": 5, "gru": 2, "seq2seq": 3, "captioner": 2, "forecaster": 2, "embedding": 4}.get(name, 1) == len(rows)


@pytest.mark.parametrize("name", ["lstm", "lm", "music"])
def test_their_bfloat16_products(name):
    """By ``autocast``, which a CPU has, too."""
    pytest.importorskip("torch")
    options = cli.build_parser().parse_args([name, "--against", "torch", "--quick"])
    row = importlib.import_module(f"benchmarks.{cli.FAMILIES[name]}").rows(name, options, SETTINGS)[0]
    where, _, function = row.theirs.partition(":")
    settings = {**SETTINGS, "precision": "bfloat16"}
    assert getattr(importlib.import_module(where), function)(row.case, settings)["value"] > 0


def test_against_torch(tmp_path, capsys):
    pytest.importorskip("torch")
    files = ["--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.png")]
    assert cli.main(["softmax", "--against", "torch", "--quick", "--rounds", "2", *files]) == 0
    (row,) = json.loads((tmp_path / "b.json").read_text())["rows"]
    assert 0 < row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
    assert len(row["rounds"]["ours"]) == len(row["rounds"]["theirs"]) == 2
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= WIDTH


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_operations_as_torch_counts_them(cell):
    """One-step cells in a loop, forward and backward; the first states have gradients, so that no product is left out."""
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    N, _, D, H = shape = [2, 3, 5, 7]
    x, dy = (torch.from_numpy(array) for array in recurrent.inputs(shape, H))
    x.requires_grad_(True)
    step = {"rnn": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}[cell](D, H)
    with FlopCounterMode(display=False) as counter:
        h, c = (torch.zeros(N, H, requires_grad=True) for _ in "hc")
        outputs = []
        for x_t in x.unbind(1):
            if cell == "lstm":
                h, c = step(x_t, (h, c))
            else:
                h = step(x_t, h)
            outputs.append(h)
        torch.stack(outputs, 1).backward(dy)
    assert counter.get_total_flops() == recurrent.flops({"cell": cell, "variation": "", "shape": shape})


@pytest.mark.parametrize("feed", [word2vec.CORPUS_FILE, word2vec.SENTENCES])
def test_gensim_reads_what_we_read(feed, tmp_path):
    pytest.importorskip("gensim")
    case = {"text": str(write_text(tmp_path / "t.txt")), "model": "cbow", "epochs": 2, "seed": 1, "feed": feed}
    out = {side: str(tmp_path / f"{side}.bin") for side in ("ours", "gensim")}
    ours = word2vec.ours({**case, "out": out["ours"]}, SETTINGS)
    theirs = word2vec.gensim({**case, "out": out["gensim"]}, SETTINGS)
    assert ours.keys() == theirs.keys()
    assert (ours["words"], ours["vocabulary"]) == (theirs["words"], theirs["vocabulary"]) == (360, 11)
    assert read_vectors(out["ours"]).words == read_vectors(out["gensim"]).words


def test_against_gensim(tmp_path, capsys):
    pytest.importorskip("gensim")
    text = str(write_text(tmp_path / "t.txt"))
    assert cli.main(["word2vec", "--against", "gensim", "--quick", "--text", text, "--words", "300"]) == 0
    out = capsys.readouterr().out
    assert "gensim, skip-gram: corpus_file " in out
    assert "skip-gram, 300 words, theirs" in out
    assert max(map(len, out.splitlines())) <= WIDTH


def test_quality_against_gensim(tmp_path, capsys):
    pytest.importorskip("gensim")
    text = str(write_text(tmp_path / "t.txt"))
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("cat dog 9\nmat ran 1\nthe a 8\n")
    command = ["word2vec", "--quality", "--epochs", "1", "--text", text, "--similarity", str(pairs)]
    assert cli.main([*command, "--out", str(tmp_path / "out"), "--jobs", "2"]) == 0
    assert "  pairs (3)" in capsys.readouterr().out
    assert len(list((tmp_path / "out").glob("*.bin"))) == 4
