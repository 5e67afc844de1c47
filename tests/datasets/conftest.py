"""A data folder for small copies of the data sets."""

from __future__ import annotations

import hashlib

import pytest
from small_data import BEIJING, IMDB, MELBOURNE, NSMC, PARTS, PTB, published_at

from scratchnn.datasets import imdb, nsmc, ptb, weather


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder, named by SCRATCHNN_DATA; the small copies are taken for the published files."""
    monkeypatch.setattr(imdb, "SPLITS", PARTS)
    monkeypatch.setattr(imdb, "DATASET", published_at(imdb.DATASET, "http://127.0.0.1/", IMDB))
    monkeypatch.setattr(nsmc, "DATASET", published_at(nsmc.DATASET, "http://127.0.0.1/", NSMC))
    monkeypatch.setattr(ptb, "SHA256", dict.fromkeys(ptb.SHA256, hashlib.sha256(PTB.encode("utf-8")).hexdigest()))
    series = {"beijing": BEIJING, "melbourne": MELBOURNE}
    digests = {part: hashlib.sha256(text.encode("utf-8")).hexdigest() for part, text in series.items()}
    monkeypatch.setattr(weather, "SHA256", digests)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    path = tmp_path / "data"
    path.mkdir()
    monkeypatch.setenv("SCRATCHNN_DATA", str(path))
    return path
