"""Text into numbers: files, tokens, vocabularies and sequences of ids; vectors by counting."""

from scratchnn.functions import one_hot
from scratchnn.text.counting import cooccurrence, count_vectors, pair_counts, ppmi, ppmi_of_pairs, svd_vectors
from scratchnn.text.files import read_text, read_texts
from scratchnn.text.korean import from_letters, to_letters
from scratchnn.text.sequences import texts_to_sequences
from scratchnn.text.tokens import LEVELS, join_tokens, ngrams, tokenize
from scratchnn.text.vectorizers import (
    bag_of_words,
    expected_collisions,
    hash_word,
    hashed_bags,
    inverse_document_frequency,
    measured_collisions,
    term_document_matrix,
    tf_idf,
)
from scratchnn.text.vocabulary import BEGIN, END, PADDING, SPECIALS, UNKNOWN, Vocabulary

__all__ = [
    "BEGIN",
    "END",
    "LEVELS",
    "PADDING",
    "SPECIALS",
    "UNKNOWN",
    "Vocabulary",
    "bag_of_words",
    "cooccurrence",
    "count_vectors",
    "expected_collisions",
    "from_letters",
    "hash_word",
    "hashed_bags",
    "inverse_document_frequency",
    "join_tokens",
    "measured_collisions",
    "ngrams",
    "one_hot",
    "pair_counts",
    "ppmi",
    "ppmi_of_pairs",
    "read_text",
    "read_texts",
    "svd_vectors",
    "term_document_matrix",
    "texts_to_sequences",
    "tf_idf",
    "to_letters",
    "tokenize",
]
