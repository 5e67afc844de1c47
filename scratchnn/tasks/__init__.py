"""Kinds of problems, each in a file of its own, and the one procedure that trains, evaluates and predicts for all."""
