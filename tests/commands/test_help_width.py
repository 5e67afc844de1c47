"""The help of every command fits a terminal of 80 columns."""

from __future__ import annotations

import argparse

import pytest
from small_text import command

from scratchnn.cli import build_parser


def paths(parser, words=()):
    """The words of every command and of its subcommands."""
    yield words
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield from paths(inner, (*words, name))


PATHS = list(paths(build_parser()))


@pytest.mark.parametrize("words", PATHS, ids=" ".join)
def test_help_fits_80_columns(monkeypatch, capsys, words):
    monkeypatch.setenv("COLUMNS", "80")
    assert command(*words, "--help") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: scratchnn")
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_every_kind_of_training_is_among_them():
    kinds = ("lm", "classifier", "tagger", "parser", "seq2seq", "captioner", "word2vec")
    assert {("train", kind) for kind in kinds} < set(PATHS)
    assert len(PATHS) > 15
