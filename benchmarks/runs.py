"""The run folders that the programs of this folder measure."""

from __future__ import annotations

from scratchnn.errors import DataError
from scratchnn.tasks.trained import Trained, load


def load_run(path: str, *kinds: str) -> Trained:
    """The trained model of a run folder; ``DataError`` unless it is one of these kinds of run."""
    trained = load(path)
    if trained.kind is None or trained.kind.name not in kinds:
        found = "a model without a kind" if trained.kind is None else trained.kind.title
        raise DataError(f"{path} contains {found}; name a run of {' or '.join(f'train {kind}' for kind in kinds)}")
    return trained
