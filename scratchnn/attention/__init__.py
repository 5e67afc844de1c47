"""Attention: queries that read a memory, and recurrent decoders that do so at each step.

The equations of scores, weights and average are in ``scores.py``, those of the layers in ``layers.py``, those of the
decoder in ``decoder.py``.
"""

from scratchnn.attention.decoder import AttentionDecoder
from scratchnn.attention.layers import (
    SCORES,
    AdditiveAttention,
    Attention,
    DotAttention,
    GeneralAttention,
    Memory,
    make_attention,
)

__all__ = [
    "SCORES",
    "AdditiveAttention",
    "Attention",
    "AttentionDecoder",
    "DotAttention",
    "GeneralAttention",
    "Memory",
    "make_attention",
]
