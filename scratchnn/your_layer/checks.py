"""The gradient check of the template."""

from __future__ import annotations

import numpy as np

from scratchnn.gradcheck import Problem, case, layer_problem
from scratchnn.your_layer.template import MyGRU


@case("template")
def template(rng: np.random.Generator) -> Problem:
    """The class printed by ``gradcheck --template``."""
    return layer_problem(MyGRU(rng), MyGRU.example(rng))
