"""The same epoch, and the same answers, in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.measure import measure
from benchmarks.tagger import LR, MAX_NORM, Case, batches
from benchmarks.torch_device import prepare


def bilstm(lstm: torch.nn.LSTM, x: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs (N, T, 2 H) and last states (N, 2 H) of sequences with lengths (N,), which are on the CPU."""
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, (h, _) = lstm(packed)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    return y, torch.cat([h[0], h[1]], dim=1)


class Chain(torch.nn.Module):
    """A linear-chain CRF, one step per token for all sentences."""

    def __init__(self, tags: int):
        super().__init__()
        self.transitions = torch.nn.Parameter(torch.zeros(tags, tags))
        self.start, self.end = (torch.nn.Parameter(torch.zeros(tags)) for _ in range(2))

    def forward(self, e: torch.Tensor, tags: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """The loss in nats per token."""
        given = e.gather(2, tags[:, :, None])[:, :, 0] * real
        steps = self.transitions[tags[:, :-1], tags[:, 1:]] * real[:, 1:]
        last = tags.gather(1, real.sum(1, keepdim=True) - 1)[:, 0]
        score = self.start[tags[:, 0]] + given.sum(1) + steps.sum(1) + self.end[last]
        alpha = self.start + e[:, 0]
        for t in range(1, e.shape[1]):
            reached = torch.logsumexp(alpha[:, :, None] + self.transitions, dim=1) + e[:, t]
            alpha = torch.where(real[:, t, None], reached, alpha)
        return (torch.logsumexp(alpha + self.end, dim=1) - score).sum() / real.sum()

    def decode(self, e: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """The best tags (N, T); what is in the padding means nothing."""
        best, pointers = self.start + e[:, 0], []
        for t in range(1, e.shape[1]):
            reached, pointer = (best[:, :, None] + self.transitions).max(dim=1)
            best = torch.where(real[:, t, None], reached + e[:, t], best)
            pointers.append(torch.where(real[:, t, None], pointer, torch.arange(e.shape[2], device=e.device)))
        tags = [(best + self.end).argmax(dim=1)]
        for pointer in reversed(pointers):
            tags.append(pointer.gather(1, tags[-1][:, None])[:, 0])
        return torch.stack(tags[::-1], dim=1)


class Tagger(torch.nn.Module):
    """Words beside characters, a bidirectional LSTM, an output layer."""

    def __init__(self, case: Case):
        super().__init__()
        _, _, D, H, D_c, H_c, K, V = case["sizes"]
        self.words = torch.nn.Embedding(V + 1, D, sparse=True)
        self.characters = torch.nn.Embedding(28, D_c, sparse=True)
        self.reader = torch.nn.LSTM(D_c, H_c, batch_first=True, bidirectional=True)
        self.lstm = torch.nn.LSTM(D + 2 * H_c, H, batch_first=True, bidirectional=True)
        self.output = torch.nn.Linear(2 * H, K)
        self.crf = Chain(K)

    def forward(self, words: torch.Tensor, lengths: torch.Tensor, forms: torch.Tensor, *spelled: Any) -> torch.Tensor:
        """Emissions (N, T, K); lengths and sizes are on the CPU."""
        characters, sizes = spelled
        _, r = bilstm(self.reader, self.characters(characters), sizes)
        y, _ = bilstm(self.lstm, torch.cat([self.words(words), r[forms]], dim=2), lengths)
        return self.output(y)


def theirs(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's epoch, or its answers."""
    device, synchronise = prepare(settings)
    model = Tagger(case).to(device)
    moved = []
    for batch in batches(case):
        words, lengths, forms, characters, sizes, tags = map(torch.from_numpy, batch)
        inputs = (words.long().to(device), lengths, forms.long().to(device), characters.long().to(device), sizes)
        real = torch.arange(words.shape[1]) < lengths[:, None]
        moved.append((inputs, tags.long().to(device), real.to(device)))
    if case["output"] == "answers":

        def answer() -> None:
            with torch.no_grad():
                for inputs, _, real in moved:
                    model.crf.decode(model(*inputs), real).cpu()

        return measure(answer, settings, synchronise)
    tables = [model.words.weight, model.characters.weight]
    dense = [parameter for parameter in model.parameters() if all(parameter is not table for table in tables)]
    optimizers = [torch.optim.Adam(dense, lr=LR), torch.optim.SparseAdam(tables, lr=LR)]

    def epoch() -> None:
        for inputs, tags, real in moved:
            model.zero_grad(set_to_none=True)
            e = model(*inputs)
            crf = case["output"] == "crf"
            loss = model.crf(e, tags, real) if crf else torch.nn.functional.cross_entropy(e[real], tags[real])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(dense, MAX_NORM)  # PyTorch clips no sparse gradients
            for optimizer in optimizers:
                optimizer.step()
            loss.item()

    return measure(epoch, settings, synchronise)
