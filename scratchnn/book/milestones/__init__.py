"""Milestones: after some chapters a network learns with the reader's own functions, the answers to the exercises."""

from scratchnn.book.milestones.registry import MILESTONES, Milestone, Stopped, reach

__all__ = ["MILESTONES", "Milestone", "Stopped", "reach"]
