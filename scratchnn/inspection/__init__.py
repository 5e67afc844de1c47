"""Inspecting models: their shapes and parameters, and gradients through time."""
