"""The training loop and what a run leaves behind: history, checkpoints, run folder."""

from scratchnn.training.trainer import Batches, Trainer

__all__ = ["Batches", "Trainer"]
