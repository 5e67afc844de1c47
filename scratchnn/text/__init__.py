"""Text into numbers: files, tokens, vocabularies, batches."""

from scratchnn.text.files import read_text, read_texts
from scratchnn.text.streams import TokenStreams
from scratchnn.text.tokens import join_tokens, tokenize
from scratchnn.text.vocabulary import Vocabulary

__all__ = ["TokenStreams", "Vocabulary", "join_tokens", "read_text", "read_texts", "tokenize"]
