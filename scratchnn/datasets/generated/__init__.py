"""Data sets that are generated: no files and no licence, each a pure function of its size and a seed."""

from scratchnn.datasets.generated.number_words import in_words, number_words
from scratchnn.datasets.generated.reviews import generated_reviews
from scratchnn.datasets.generated.scenes import scenes
from scratchnn.datasets.generated.solar import generated_solar
from scratchnn.datasets.generated.sums_and_dates import generated_dates, generated_sums
from scratchnn.datasets.generated.travels import generated_travels
from scratchnn.datasets.generated.treebank import generated_treebank
from scratchnn.datasets.generated.tunes import generated_tunes

__all__ = [
    "generated_dates",
    "generated_reviews",
    "generated_solar",
    "generated_sums",
    "generated_travels",
    "generated_treebank",
    "generated_tunes",
    "in_words",
    "number_words",
    "scenes",
]
