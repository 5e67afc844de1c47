"""Updating parameters from their gradients: optimizers, gradient clipping, learning-rate schedules.

One training step, after the backward pass:

    norm = clip_by_norm(model.parameters(), max_norm)    raises an error for NaN and infinity
    optimizer.step()
    model.clear_gradients()

and after each epoch ``schedule.after_epoch(epoch, validation_loss)``.
"""

from scratchnn.optim.clipping import check_finite, clip_by_norm, clip_by_value, global_norm, scale_gradients
from scratchnn.optim.optimizers import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSprop
from scratchnn.optim.schedules import Cosine, Plateau, Schedule, StepDecay

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Cosine",
    "Optimizer",
    "Plateau",
    "RMSprop",
    "Schedule",
    "StepDecay",
    "check_finite",
    "clip_by_norm",
    "clip_by_value",
    "global_norm",
    "scale_gradients",
]
