"""Layers without a state: those that treat each row separately, and those over windows of steps or whole sequences.

Layers that carry a state from step to step are in ``scratchnn.recurrent``.
"""

from scratchnn.layers.activation import ReLU, Sigmoid, Softmax, Tanh
from scratchnn.layers.attention_pooling import (
    AttentionPool,
    attention_pool_backward,
    attention_pool_forward,
    attention_weights,
)
from scratchnn.layers.conv1d import Conv1D, conv1d_backward, conv1d_forward
from scratchnn.layers.conv2d import Conv2D, conv2d_backward, conv2d_forward
from scratchnn.layers.dense import Dense, dense_backward, dense_forward
from scratchnn.layers.dropout import Dropout
from scratchnn.layers.embedding import Embedding, embedding_backward, embedding_forward
from scratchnn.layers.global_pooling import (
    GlobalAveragePool1D,
    GlobalMaxPool1D,
    global_average_pool1d_backward,
    global_average_pool1d_forward,
    global_max_pool1d_backward,
    global_max_pool1d_forward,
)
from scratchnn.layers.layer_norm import LayerNorm, layer_norm_backward, layer_norm_forward
from scratchnn.layers.pooling import (
    AveragePool1D,
    MaxPool1D,
    average_pool1d_backward,
    average_pool1d_forward,
    max_pool1d_backward,
    max_pool1d_forward,
)
from scratchnn.layers.pooling2d import (
    AveragePool2D,
    MaxPool2D,
    average_pool2d_backward,
    average_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)

__all__ = [
    "AttentionPool",
    "AveragePool1D",
    "AveragePool2D",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "GlobalAveragePool1D",
    "GlobalMaxPool1D",
    "LayerNorm",
    "MaxPool1D",
    "MaxPool2D",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "attention_pool_backward",
    "attention_pool_forward",
    "attention_weights",
    "average_pool1d_backward",
    "average_pool1d_forward",
    "average_pool2d_backward",
    "average_pool2d_forward",
    "conv1d_backward",
    "conv1d_forward",
    "conv2d_backward",
    "conv2d_forward",
    "dense_backward",
    "dense_forward",
    "embedding_backward",
    "embedding_forward",
    "global_average_pool1d_backward",
    "global_average_pool1d_forward",
    "global_max_pool1d_backward",
    "global_max_pool1d_forward",
    "layer_norm_backward",
    "layer_norm_forward",
    "max_pool1d_backward",
    "max_pool1d_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
]
