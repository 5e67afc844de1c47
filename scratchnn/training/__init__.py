"""The training loop and what a run leaves behind: history, checkpoints, run folder."""

from scratchnn.training.batches import Batches
from scratchnn.training.trainer import Trainer

__all__ = ["Batches", "Trainer"]
