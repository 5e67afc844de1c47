"""Words to vectors: vectors under their words, their files, and how good they are."""

from scratchnn.word2vec.evaluation import evaluate_analogies, evaluate_similarity
from scratchnn.word2vec.formats import read_vectors, write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

__all__ = ["KeyedVectors", "evaluate_analogies", "evaluate_similarity", "read_vectors", "write_vectors"]
