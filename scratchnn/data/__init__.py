"""Examples into batches; each batch is a pure function of (epoch, k)."""

from scratchnn.data.padded import bucket_batches, pad_sequences
from scratchnn.data.streams import TokenStreams

__all__ = ["TokenStreams", "bucket_batches", "pad_sequences"]
