"""Data sets: text that comes with Python, and published sets that are read from a folder or downloaded on request.

One file per data set, each with a description in ``DATASET`` that ``registry.data_sets`` collects; ``generated`` contains
sets that need no files.
"""

from scratchnn.datasets.addition import load_addition
from scratchnn.datasets.chatbot import load_chatbot
from scratchnn.datasets.dates import load_dates
from scratchnn.datasets.imdb import load_imdb, plain_words
from scratchnn.datasets.kor_eng import load_kor_eng
from scratchnn.datasets.multi30k import load_multi30k
from scratchnn.datasets.nsmc import load_nsmc
from scratchnn.datasets.ptb import load_ptb
from scratchnn.datasets.python_text import python_manual, python_sources
from scratchnn.datasets.weather import load_weather

__all__ = [
    "load_addition",
    "load_chatbot",
    "load_dates",
    "load_imdb",
    "load_kor_eng",
    "load_multi30k",
    "load_nsmc",
    "load_ptb",
    "load_weather",
    "plain_words",
    "python_manual",
    "python_sources",
]
