"""Data: real text that Python carries."""

from scratchnn.datasets.python_text import python_manual, python_sources

__all__ = ["python_manual", "python_sources"]
