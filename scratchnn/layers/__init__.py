"""Layers that treat each row separately; layers that read sequences are in ``scratchnn.recurrent``."""

from scratchnn.layers.activation import ReLU, Sigmoid, Softmax, Tanh
from scratchnn.layers.dense import Dense, dense_backward, dense_forward
from scratchnn.layers.dropout import Dropout
from scratchnn.layers.embedding import Embedding, embedding_backward, embedding_forward
from scratchnn.layers.layer_norm import LayerNorm, layer_norm_backward, layer_norm_forward

__all__ = [
    "Dense",
    "Dropout",
    "Embedding",
    "LayerNorm",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "dense_backward",
    "dense_forward",
    "embedding_backward",
    "embedding_forward",
    "layer_norm_backward",
    "layer_norm_forward",
]
