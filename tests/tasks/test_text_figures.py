"""Figures of a trained classifier along one text, and training from Python: what a notebook needs."""

from __future__ import annotations

import numpy as np
import pytest
from small_tables import reviews, train_task, write_pairs

from scratchnn import load, train
from scratchnn.errors import DataError
from scratchnn.tasks.text_figures import attention_figure, gate_figure

pytestmark = pytest.mark.usefixtures("quick")
SETTINGS = {"hidden_size": 6, "embedding_size": 5, "batch_size": 8, "epochs": 6, "lr": 0.03}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("data") / "reviews.txt", reviews(120))


def bars(figure):
    return [bar.get_height() for bar in figure.axes[0].patches]


def words(figure):
    return [text.get_text() for text in figure.axes[0].get_xticklabels()]


# --- train, evaluate, predict: three calls ---------------------------------------------------------------------------


def test_three_calls_do_what_the_commands_do(tmp_path, data, capsys):
    mine = train("classifier", tmp_path / "python", data=data, valid=data, **SETTINGS)
    assert mine.evaluate(data)["accuracy"] > 0.95
    assert mine.predict(["a good film", "awful"]) == ["pos", "neg"]
    assert train_task("classifier", "--data", data, "--valid", data, "--out", tmp_path / "command") == 0
    for name, array in load(tmp_path / "command").model.state_dict().items():
        np.testing.assert_array_equal(array, mine.model.state_dict()[name], err_msg=name)
    longer = train("classifier", tmp_path / "python", resume=True, epochs=7)
    assert longer.settings["epochs"] == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": 6}, "train classifier has no setting 'hidden'; it has data, valid, "),
        ({"hidden_size": "6"}, "--hidden must be a whole number of 1 or more, got '6'"),
        ({"data": ["nowhere.csv"]}, "cannot read nowhere.csv: No such file or directory"),
        ({"bidirectional": 1}, "--bidirectional must be true or false, got 1"),
    ],
)
def test_what_train_refuses(tmp_path, settings, message):
    with pytest.raises(DataError, match=message):
        train("classifier", tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


# --- along one text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"reader": "embedding"}, {"reader": "conv", "stride": 2}, {"cell": "lstm", "bidirectional": True}]
)
def test_attention_is_on_the_word_that_decides(tmp_path, data, options):
    mine = train("classifier", tmp_path / "run", data=data, pooling="attention", **{**SETTINGS, "epochs": 12}, **options)
    figure = attention_figure(mine, "the plot was the plot good")
    weights = bars(figure)
    assert words(figure) == ["the", "plot", "was", "the", "plot", "good"][:: options.get("stride", 1)]
    assert sum(weights) == pytest.approx(1, abs=1e-5)
    if options == {"reader": "embedding"}:
        assert int(np.argmax(weights)) == 5
    assert bars(attention_figure(mine, "")) == []


@pytest.mark.parametrize("options", [{"cell": "gru"}, {"reader": "conv-recurrent", "cell": "lstm", "bidirectional": True}])
def test_gates_along_a_text(tmp_path, data, options):
    mine = train("classifier", tmp_path / "run", data=data, **{**SETTINGS, "epochs": 1}, **options)
    figure = gate_figure(mine, "the plot was good")
    assert words(figure) == ["the", "plot", "was", "good"]
    names = ["update", "reset"] if options["cell"] == "gru" else ["output", "input", "forget"]
    assert [line.get_label() for line in figure.axes[0].lines] == names
    for line in figure.axes[0].lines:
        assert len(line.get_ydata()) == 4
        assert all(0 < value < 1 for value in line.get_ydata())


def test_figures_of_other_models(tmp_path, tables, data):
    mine = load(tables / "classifier")
    with pytest.raises(DataError, match="pools by 'last', without attention; train with --pooling attention"):
        attention_figure(mine, "good")
    other = train("classifier", tmp_path / "run", data=data, reader="embedding", **{**SETTINGS, "epochs": 1})
    with pytest.raises(DataError, match="has the reader 'embedding', which has no gates; train with --reader recurrent"):
        gate_figure(other, "good")
    with pytest.raises(DataError, match="contains no classifier; these figures need a run of train classifier"):
        gate_figure(load(tables / "seq2seq"), "good")
    plain = train("classifier", tmp_path / "rnn", data=data, cell="rnn", **{**SETTINGS, "epochs": 1})
    with pytest.raises(DataError, match="use an LSTM or a GRU"):
        gate_figure(plain, "good")
