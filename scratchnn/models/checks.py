"""Gradient checks of whole models."""
