"""Word vectors: look-up and search, file formats, evaluation, and training by CBOW, skip-gram and NNLM."""

from scratchnn.word2vec.evaluation import evaluate_analogies, evaluate_similarity
from scratchnn.word2vec.formats import read_vectors, write_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

__all__ = ["KeyedVectors", "evaluate_analogies", "evaluate_similarity", "read_vectors", "write_vectors"]
