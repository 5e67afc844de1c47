"""A training step takes no more memory than PyTorch's for the same model.

Each contestant runs in its own process: two warm-up steps, then the peak of resident memory during the next step, relative
to the level just before it (Linux counts both). The C library is set to return freed memory at once; otherwise, memory that
one step has freed would hide what the next one takes.
"""

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="needs Linux's /proc to read memory peaks"),
]

MEASURE = """
import gc, sys
cell, H, layers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
V, N, T = 10_000, 20, 35

def memory(key):
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1]) / 1024

def report(step):
    step()
    step()
    gc.collect()
    open("/proc/self/clear_refs", "w").write("5")  # resets the peak to the present level
    before = memory("VmRSS")
    step()
    print(memory("VmHWM") - before)
"""

OURS = (
    MEASURE
    + """
import numpy as np
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD
from scratchnn.data import TokenStreams
from scratchnn.training import Trainer

rng = np.random.default_rng(0)
model = LanguageModel(V, embedding_size=H, hidden_size=H, cell=cell, layers=layers, rng=rng)
streams = TokenStreams(rng.integers(0, V, N * T * 5 + 1).astype(np.int32), N, T)
trainer = Trainer(model, SGD(model.parameters(), 1.0), streams, max_norm=0.25)

def step():
    trainer._one_step(range(trainer.position, trainer.position + 1))
    trainer.position += 1

report(step)
"""
)

THEIRS = (
    MEASURE
    + """
import torch
from torch import nn

torch.manual_seed(0)
embedding, output = nn.Embedding(V, H), nn.Linear(H, V)
recurrent = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](H, H, layers, batch_first=True)
parameters = [p for part in (embedding, recurrent, output) for p in part.parameters()]
optimizer = torch.optim.SGD(parameters, 1.0)
ids = torch.randint(0, V, (N, T + 1))

def step():
    optimizer.zero_grad()
    y, _ = recurrent(embedding(ids[:, :-1]))
    loss = nn.functional.cross_entropy(output(y).reshape(-1, V), ids[:, 1:].reshape(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 0.25)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()

report(step)
"""
)


def peak(script, *arguments):
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return float(done.stdout)


@pytest.mark.parametrize(("cell", "H", "layers"), [("lstm", 100, 1), ("lstm", 200, 2), ("gru", 200, 1), ("rnn", 100, 1)])
def test_peak_memory_of_a_training_step(cell, H, layers):
    pytest.importorskip("torch")
    ours, theirs = peak(OURS, cell, H, layers), peak(THEIRS, cell, H, layers)
    assert 0 < ours <= theirs, f"{ours:.1f} MiB above the level before the step, PyTorch {theirs:.1f} MiB"
