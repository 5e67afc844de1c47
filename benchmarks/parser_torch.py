"""The same epoch of the parser in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.measure import measure
from benchmarks.parser import LAYERS, LR, MAX_NORM, Case, batches
from benchmarks.tagger_torch import bilstm
from benchmarks.torch_device import prepare


class Parser(torch.nn.Module):
    """Words beside characters, bidirectional LSTMs, biaffine scores of arcs and of labels."""

    def __init__(self, case: Case):
        super().__init__()
        _, _, D, H, D_c, H_c, K, V = case["sizes"]
        A, B = case["views"]
        self.words = torch.nn.Embedding(V + 1, D, sparse=True)
        self.characters = torch.nn.Embedding(28, D_c, sparse=True)
        self.reader = torch.nn.LSTM(D_c, H_c, batch_first=True, bidirectional=True)
        self.root = torch.nn.Parameter(torch.zeros(D + 2 * H_c))
        self.lstm = torch.nn.LSTM(D + 2 * H_c, H, LAYERS, batch_first=True, bidirectional=True)
        self.cuts = [A, A, B, B]
        self.views = torch.nn.Linear(2 * H, sum(self.cuts))
        self.U, self.u = torch.nn.Parameter(torch.zeros(A, A)), torch.nn.Parameter(torch.zeros(A))
        self.V = torch.nn.Parameter(torch.zeros(B, K, B))
        self.labels_d, self.labels_h = torch.nn.Linear(B, K), torch.nn.Linear(B, K, bias=False)

    def forward(
        self,
        words: torch.Tensor,
        lengths: torch.Tensor,
        forms: torch.Tensor,
        characters: torch.Tensor,
        sizes: torch.Tensor,
        heads: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Arc scores (N, T + 1, T + 1) and label scores (N, T, K); lengths and sizes are on the CPU."""
        _, r = bilstm(self.reader, self.characters(characters), sizes)
        x = torch.cat([self.words(words), r[forms]], dim=2)
        x = torch.cat([self.root.expand(len(x), 1, -1), x], dim=1)
        h, _ = bilstm(self.lstm, x, lengths + 1)
        arc_d, arc_h, label_d, label_h = torch.relu(self.views(h)).split(self.cuts, dim=2)
        scores = (arc_d @ self.U + self.u) @ arc_h.transpose(1, 2)
        label_d = label_d[:, 1:]
        label_h = label_h.gather(1, heads[:, :, None].expand(-1, -1, label_h.shape[2]))
        bilinear = torch.einsum("ntrb,ntb->ntr", torch.einsum("nta,arb->ntrb", label_d, self.V), label_h)
        return scores, bilinear + self.labels_d(label_d) + self.labels_h(label_h)


def loss_of(
    scores: torch.Tensor, label_scores: torch.Tensor, heads: torch.Tensor, labels: torch.Tensor, real: torch.Tensor
) -> torch.Tensor:
    """The mean over the real words of both cross-entropies; no word is its own head, and no head is in the padding."""
    S = scores.shape[1]
    first = torch.ones_like(real[:, :1])
    possible = torch.cat([first, real], dim=1)[:, None] & ~torch.eye(S, dtype=torch.bool, device=real.device)
    logits = scores.masked_fill(~possible, -1e30)[:, 1:][real]
    entropy = torch.nn.functional.cross_entropy
    return entropy(logits, heads[real]) + entropy(label_scores[real], labels[real])


def theirs(case: Case, settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's epoch."""
    device, synchronise = prepare(settings)
    model = Parser(case).to(device)
    moved = []
    for batch in batches(case):
        words, lengths, forms, characters, sizes, heads, labels = map(torch.from_numpy, batch)
        real = torch.arange(words.shape[1]) < lengths[:, None]
        ids = [part.long().to(device) for part in (words, forms, characters, heads, labels)]
        moved.append((ids[0], lengths, ids[1], ids[2], sizes, ids[3], ids[4], real.to(device)))
    tables = [model.words.weight, model.characters.weight]
    dense = [parameter for parameter in model.parameters() if all(parameter is not table for table in tables)]
    optimizers = [torch.optim.Adam(dense, lr=LR), torch.optim.SparseAdam(tables, lr=LR)]

    def epoch() -> None:
        for *sentences, heads, labels, real in moved:
            model.zero_grad(set_to_none=True)
            loss = loss_of(*model(*sentences, heads), heads, labels, real)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(dense, MAX_NORM)  # PyTorch clips no sparse gradients
            for optimizer in optimizers:
                optimizer.step()
            loss.item()

    return measure(epoch, settings, synchronise)
