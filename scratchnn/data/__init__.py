"""Examples into batches; each batch is a pure function of (epoch, k)."""

from scratchnn.data.examples import PaddedExamples
from scratchnn.data.padded import bucket_batches, pad_sequences
from scratchnn.data.pairs import Pairs
from scratchnn.data.pictures import PictureCaptions
from scratchnn.data.sentences import SentenceBatches, Sentences, normal_form
from scratchnn.data.streams import TokenStreams
from scratchnn.data.texts import Texts
from scratchnn.data.windows import SeriesWindows

__all__ = [
    "PaddedExamples",
    "Pairs",
    "PictureCaptions",
    "SentenceBatches",
    "Sentences",
    "SeriesWindows",
    "Texts",
    "TokenStreams",
    "bucket_batches",
    "normal_form",
    "pad_sequences",
]
