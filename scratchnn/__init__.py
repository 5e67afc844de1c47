"""Neural networks that read sequences, every forward and backward pass written out by hand."""

__version__ = "0.1.0"
