"""Parameters, layers and models: the base of all parts of a network."""

from scratchnn.core.layer import Layer
from scratchnn.core.model import Model
from scratchnn.core.parameter import Parameter, RowGradient
from scratchnn.core.sequential import Sequential

__all__ = ["Layer", "Model", "Parameter", "RowGradient", "Sequential"]
