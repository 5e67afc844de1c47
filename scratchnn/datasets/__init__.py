"""Data: real text that Python carries; data sets from a folder, or fetched where that is asked for."""

from scratchnn.datasets.imdb import load_imdb, plain_words
from scratchnn.datasets.nsmc import load_nsmc
from scratchnn.datasets.ptb import load_ptb
from scratchnn.datasets.python_text import python_manual, python_sources

__all__ = ["load_imdb", "load_nsmc", "load_ptb", "plain_words", "python_manual", "python_sources"]
