"""Settings: which value counts, what is checked, what a resumed run may change, and how they become arguments."""

from __future__ import annotations

import argparse
import math

import numpy as np
import pytest

from scratchnn.commands.arguments import Parser, add_settings, given_settings
from scratchnn.core import Model
from scratchnn.errors import CheckpointError, DataError
from scratchnn.layers import Dense
from scratchnn.optim import Cosine, Plateau, StepDecay
from scratchnn.tasks.registry import KINDS, find_kind
from scratchnn.training.settings import (
    OPTIMIZERS,
    RATES,
    SCHEDULES,
    TRAINING,
    Setting,
    choose,
    make_optimizer,
    other_data,
    training_settings,
    with_defaults,
)

WHOLE = Setting("--units", "hidden_size", 8, "units", int, "H")
FROM_ZERO = Setting("--seed", "seed", 0, "seed", int, least=0)
NUMBER = Setting("--rate", "rate", None, "rate of 5%", float)
BOUND = Setting("--clip", "clip", 1.0, "bound", float, above=0)
SWITCH = Setting("--tie", "tied", False, "tie", bool)
CHOICE = Setting("--cell", "cell", "gru", "cell", choices=("gru", "lstm"))
WORD = Setting("--name", "name", None, "name")
FILES = Setting("--data", "data", [], "files", many=True, aliases=("--text",), identity=False)
EPOCHS = Setting("--epochs", "epochs", 3, "epochs", int, identity=False)
SCHEDULE = Setting("--schedule", "schedule", "none", "schedule", choices=SCHEDULES)
ALL = (WHOLE, FROM_ZERO, NUMBER, BOUND, SWITCH, CHOICE, WORD, FILES, EPOCHS, SCHEDULE)


def chosen(given=None, saved=None):
    return choose(ALL, given or {}, saved or {}, "runs/x")


# --- which value counts ----------------------------------------------------------------------------------------------


def test_given_before_saved_before_default():
    assert chosen() == {setting.name: setting.default for setting in ALL}
    assert chosen({"hidden_size": 5, "tied": True})["hidden_size"] == 5
    assert chosen({"hidden_size": None}, {"hidden_size": 7})["hidden_size"] == 7
    assert chosen({}, {"data": ["a"], "tied": True})["tied"] is True
    assert chosen({"data": ["b"]}, {"data": ["a"]})["data"] == ["b"]
    assert chosen({"rate": 0.0, "seed": 0})["rate"] == 0  # given, though false
    assert chosen({}, {"rate": 0.5, "unknown": 1})["rate"] == 0.5


def test_a_new_run_takes_any_value():
    given = {"hidden_size": 1, "seed": 0, "rate": -2, "clip": 1e-9, "cell": "lstm", "name": "", "data": ["a", "b"]}
    assert {name: chosen(given)[name] for name in given} == given


@pytest.mark.parametrize(
    ("name", "saved", "given", "how"),
    [
        ("hidden_size", 8, 9, "with --units 8, not 9"),
        ("rate", 0.5, 0.25, "with --rate 0.5, not 0.25"),
        ("rate", None, 0.25, "without --rate"),
        ("clip", 1.0, 2.0, "with --clip 1.0, not 2.0"),
        ("tied", False, True, "without --tie"),
        ("tied", True, False, "with --tie"),
        ("cell", "gru", "lstm", "with --cell gru, not lstm"),
        ("name", "a", "b", "with --name a, not b"),
        ("seed", 0, 1, "with --seed 0, not 1"),
    ],
)
def test_what_makes_a_run_the_same_cannot_be_changed(name, saved, given, how):
    message = f"runs/x was started {how}; leave it out, or choose another --out"
    with pytest.raises(CheckpointError, match=message):
        chosen({name: given}, {name: saved})
    assert chosen({name: saved}, {name: saved})[name] == saved
    assert chosen({name: given}, {})[name] == given


def test_data_and_the_number_of_epochs_may_change():
    saved = {"data": ["a"], "epochs": 3, "schedule": "plateau"}
    found = chosen({"data": ["moved"], "epochs": 9}, saved)
    assert (found["data"], found["epochs"]) == (["moved"], 9)


def test_a_cosine_schedule_ends_with_its_epochs():
    saved = {"epochs": 3, "schedule": "cosine"}
    with pytest.raises(CheckpointError, match="was started with --epochs 3, not 9; leave it out"):
        chosen({"epochs": 9}, saved)
    with pytest.raises(CheckpointError, match="was started with --epochs 3, not 2"):
        chosen({"epochs": 2}, saved)
    assert chosen({"epochs": 3}, saved) == chosen({}, saved)
    assert chosen({"epochs": 9, "schedule": "cosine"})["epochs"] == 9  # a new run


# --- what is checked -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "values", "message"),
    [
        (WHOLE, [0, -1, 2.0, "8", True, None], "--units must be a whole number of 1 or more, got {!r}"),
        (FROM_ZERO, [-1, 0.0], "--seed must be a whole number of 0 or more, got {!r}"),
        (NUMBER, ["0.5", True, [0.5]], "--rate must be a number, got {!r}"),
        (BOUND, [0, -1.5, math.nan, -math.inf], "--clip must be above 0, got {}"),
        (BOUND, ["1", None], "--clip must be a number, got {!r}"),
        (SWITCH, [0, 1, "yes", None], "--tie must be true or false, got {!r}"),
        (CHOICE, ["mgu", "", "GRU"], "--cell must be one of gru, lstm, got {!r}"),
        (CHOICE, [1, None, ["gru"]], "--cell must be a string, got {!r}"),
        (WORD, [1, ["a"]], "--name must be a string, got {!r}"),
        (FILES, ["a", [1], ("a",), None, {"a": 1}], "--data must be a list of strings, got {!r}"),
    ],
)
def test_values_of_the_wrong_kind(setting, values, message):
    """The same whether they are given from Python or read from ``settings.json``."""
    for value in values:
        with pytest.raises(DataError) as caught:
            setting.check(value)
        assert str(caught.value) == message.format(value)
        if value is not None:
            for given, saved in (({setting.name: value}, {}), ({}, {setting.name: value})):
                with pytest.raises(DataError) as caught:
                    choose([setting], given, saved, "runs/x")
                assert str(caught.value) == message.format(value)


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        (WHOLE, [1, 10**9, np.int64(3)]),
        (FROM_ZERO, [0]),
        (NUMBER, [None, 0, -1, 0.5, math.inf]),
        (BOUND, [1, 1e-30, math.inf]),
        (SWITCH, [True, False]),
        (CHOICE, ["gru", "lstm"]),
        (WORD, [None, "", "any"]),
        (FILES, [[], ["a"], ["a", "b"]]),
    ],
)
def test_values_of_the_right_kind(setting, values):
    for value in values:
        setting.check(value)


@pytest.mark.parametrize("name", KINDS)
def test_the_defaults_of_every_kind_are_allowed(name):
    kind = find_kind(name)
    assert kind.name == name
    for setting in (*kind.settings, *kind.prediction):
        setting.check(setting.default)
        assert setting.flag.startswith("--")
    for group in (kind.settings, kind.prediction):
        flags = [flag for setting in group for flag in (setting.flag, *setting.aliases)]
        names = [setting.name for setting in group]
        assert len(set(flags)) == len(flags)
        assert len(set(names)) == len(names)
        assert not {"kind", "out", "resume", "device", "data_digest", "version"} & set(names)


def test_an_unknown_kind():
    with pytest.raises(DataError, match="unknown kind 'sequence2seq'; did you mean seq2seq"):
        find_kind("sequence2seq")
    for name in ("translator", None, 3, ["lm"]):
        with pytest.raises(DataError, match=r"unknown kind .*; there are lm, classifier, "):
            find_kind(name)


# --- defaults of a task ----------------------------------------------------------------------------------------------


def test_a_task_has_other_defaults():
    names = [setting.name for setting in TRAINING]
    found = with_defaults(TRAINING, {"epochs": 30, "clip": 0.25})
    assert [setting.name for setting in found] == names
    assert {setting.name: setting.default for setting in found if setting not in TRAINING} == {"epochs": 30, "clip": 0.25}
    shown = next(s.help for s in training_settings({}, {"adam": 0.005}) if s.name == "lr")
    assert shown.startswith("learning rate (default: adam 0.005; adamw, rmsprop 0.001; sgd 0.1")
    assert next(setting.default for setting in training_settings({}, {}) if setting.name == "lr") is None
    assert set(RATES) == set(OPTIMIZERS)


class Line(Model):
    def __init__(self):
        super().__init__()
        self.dense = Dense(2, 2, rng=np.random.default_rng(0))


def test_optimizer_and_schedule_are_those_that_were_named():
    values = {"lr": 0.3, "decay": 0.5, "decay_after": 2, "epochs": 4}
    for optimizer in OPTIMIZERS:
        made, schedule = make_optimizer(Line(), {**values, "optimizer": optimizer, "schedule": "none"})
        assert (made.lr, schedule) == (0.3, None)
        assert len(made.parameters) == 2
    rates = {}
    for name, kind in (("step", StepDecay), ("plateau", Plateau), ("cosine", Cosine)):
        made, schedule = make_optimizer(Line(), {**values, "optimizer": "sgd", "schedule": name})
        assert type(schedule) is kind
        rates[name] = []
        for epoch, cost in enumerate((3.0, 2.0, 2.5, 1.0), start=1):
            schedule.after_epoch(epoch, cost)
            rates[name].append(made.lr)
    assert rates["step"] == pytest.approx([0.3, 0.15, 0.075, 0.0375])
    assert rates["plateau"] == pytest.approx([0.3, 0.3, 0.15, 0.15])
    assert rates["cosine"] == pytest.approx([0.3 * (1 + math.cos(math.pi * k / 4)) / 2 for k in (1, 2, 3, 4)], abs=1e-12)
    assert set(SCHEDULES) == {"none", *rates}


# --- as arguments of a command ---------------------------------------------------------------------------------------


def parser_of(settings):
    parser = Parser(prog="test", allow_abbrev=False)
    add_settings(parser, settings)
    return parser


def parsed(*words):
    return given_settings(parser_of(ALL).parse_args([*words]), ALL)


def test_what_is_not_given_is_none():
    assert parsed() == dict.fromkeys((setting.name for setting in ALL), None)


def test_arguments_have_the_type_of_their_setting():
    words = "--units 5 --rate 1e-3 --tie --cell lstm --name 7 --data a b --epochs 2 --seed 0".split()
    found = {name: value for name, value in parsed(*words).items() if value is not None}
    expected = {"hidden_size": 5, "rate": 0.001, "tied": True, "cell": "lstm", "name": "7", "data": ["a", "b"]}
    assert found == {**expected, "epochs": 2, "seed": 0}
    assert {name: type(found[name]) for name in ("hidden_size", "rate", "tied")} == {
        "hidden_size": int,
        "rate": float,
        "tied": bool,
    }


def test_a_switch_can_be_turned_off():
    assert [parsed(*words)["tied"] for words in ([], ["--tie"], ["--no-tie"], ["--tie", "--no-tie"])] == [
        None,
        True,
        False,
        False,
    ]


def test_an_alias_is_the_same_setting():
    assert parsed("--text", "a", "b") == parsed("--data", "a", "b")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--units", "x"], "argument --units: invalid int value: 'x'"),
        (["--units", "2.5"], "argument --units: invalid int value: '2.5'"),
        (["--rate", "fast"], "argument --rate: invalid float value: 'fast'"),
        (["--cell", "mgu"], "argument --cell: invalid choice: 'mgu'"),
        (["--units"], "argument --units: expected one argument"),
        (["--data"], "argument --data/--text: expected at least one argument"),
        (["--tie", "yes"], "unrecognized arguments: yes"),
        (["--unit", "3"], "unrecognized arguments: --unit 3"),
    ],
)
def test_words_that_cannot_be_parsed(capsys, words, message):
    with pytest.raises(SystemExit) as stop:
        parsed(*words)
    assert stop.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"error: {message}")
    assert output.err.endswith("; see test --help\n")
    assert output.err.count("\n") == 1


def test_help_names_defaults_and_prints_percent_signs():
    lines = " ".join(parser_of(ALL).format_help().split())
    assert "units (default: 8)" in lines
    assert "rate of 5%" in lines
    assert "--data DATA [DATA ...], --text DATA [DATA ...] files" in lines
    assert "(default: None)" not in lines
    assert "(default: [])" not in lines
    assert "(default: False)" not in lines
    assert "--tie, --no-tie" in lines


def test_help_shows_the_values_of_a_list():
    setting = Setting("--kernels", "kernels", ["3", "4"], "kernel sizes", many=True)
    assert "kernel sizes (default: 3 4)" in " ".join(parser_of([setting]).format_help().split())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_a_parser_whose_help_can_be_printed(name):
    kind = find_kind(name)
    text = parser_of(kind.settings).format_help()
    for setting in kind.settings:
        assert setting.flag in text
    assert isinstance(parser_of(kind.prediction).parse_args([]), argparse.Namespace)


def test_other_data_is_not_put_down_to_a_setting_that_names_none():
    limit = Setting("--limit", "limit", None, "texts", int)
    settings = (FILES, limit, SWITCH)
    saved = {"data": ["a"], "limit": None, "tied": False}
    general = "runs/x was started with other data; give the same with --data, or choose another --out"
    for given, message in (
        ({"tied": True}, general),
        ({"tied": True, "limit": 3}, "runs/x was started without --limit; leave it out, or choose another --out"),
        ({"data": ["b"], "limit": 3}, general),
    ):
        assert str(other_data(settings, given, saved, "runs/x")) == message
