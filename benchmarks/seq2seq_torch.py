"""The same steps in PyTorch."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.measure import measure
from benchmarks.seq2seq import LR, MAX_NORM, batches, model_options
from benchmarks.torch_device import prepare

functional = torch.nn.functional


class Seq2Seq(torch.nn.Module):
    """The equations of ``scratchnn.models.seq2seq`` with a bidirectional encoder of one layer, attention and tying."""

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        embedding_size: int,
        hidden_size: int,
        cell: str,
        attention: str,
        input_feeding: bool,
        dropout: float,
    ):
        super().__init__()
        D, H = embedding_size, hidden_size
        self.lstm, self.attention, self.input_feeding, self.p = cell == "lstm", attention, input_feeding, dropout
        kind = "LSTM" if self.lstm else "GRU"
        self.source = torch.nn.Embedding(source_size, D, sparse=True)
        self.target = torch.nn.Embedding(target_size, D)
        self.encoder = getattr(torch.nn, kind)(D, H, batch_first=True, bidirectional=True)
        if input_feeding:
            self.decoder = getattr(torch.nn, f"{kind}Cell")(2 * D, H)
        else:
            self.decoder = getattr(torch.nn, kind)(D, H, batch_first=True)
        self.bridges = torch.nn.ModuleList([torch.nn.Linear(2 * H, H) for _ in range(1 + self.lstm)])
        self.key = torch.nn.Linear(2 * H, H, bias=attention == "additive")
        if attention == "additive":
            self.query = torch.nn.Linear(H, H, bias=False)
            self.v = torch.nn.Parameter(torch.randn(H) / H**0.5)
        self.combine = torch.nn.Linear(3 * H, D)
        self.bias = torch.nn.Parameter(torch.zeros(target_size))

    def dropout(self, x: torch.Tensor) -> torch.Tensor:
        """Dropout while training."""
        return functional.dropout(x, self.p, self.training)

    def look(self, h: torch.Tensor, m: torch.Tensor, keys: torch.Tensor, padded: torch.Tensor) -> torch.Tensor:
        """Attention vectors (N, T, D) of hidden states (N, T, H)."""
        if self.attention == "additive":
            s = torch.tanh(self.query(h)[:, :, None] + keys[:, None]) @ self.v
        else:
            s = h @ keys.transpose(1, 2)
        a = torch.softmax(s.masked_fill(padded[:, None], -torch.inf), dim=2)
        return torch.tanh(self.combine(torch.cat([h, a @ m], dim=2)))

    def forward(
        self, source: torch.Tensor, source_lengths: torch.Tensor, inputs: torch.Tensor, lengths: torch.Tensor
    ) -> torch.Tensor:
        """Logits (P, V) of the real target tokens; both lengths (N,) are on the CPU."""
        S, T = source.shape[1], inputs.shape[1]
        x = self.dropout(self.source(source))
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, source_lengths, batch_first=True, enforce_sorted=False)
        outputs, last = self.encoder(packed)
        m, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=S)
        m = self.dropout(m)
        pairs = zip(last if self.lstm else [last], self.bridges, strict=True)
        parts = [bridge(torch.cat([both[0], both[1]], 1)) for both, bridge in pairs]
        state = [torch.tanh(parts[0]), *parts[1:]]
        keys = self.key(m)
        padded = torch.arange(S, device=m.device) >= source_lengths.to(m.device)[:, None]
        e = self.dropout(self.target(inputs))
        if self.input_feeding:
            f, vectors = torch.zeros_like(e[:, 0]), []
            for t in range(T):
                now = torch.cat([e[:, t], f], 1)
                state = list(self.decoder(now, tuple(state))) if self.lstm else [self.decoder(now, state[0])]
                f = self.look(state[0][:, None], m, keys, padded)[:, 0]
                vectors.append(f)
            r = torch.stack(vectors, 1)
        else:
            first = [part[None].contiguous() for part in state]
            h, _ = self.decoder(e, tuple(first) if self.lstm else first[0])
            r = self.look(h, m, keys, padded)
        real = torch.arange(T, device=m.device) < lengths.to(m.device)[:, None]
        return functional.linear(self.dropout(r[real]), self.target.weight, self.bias)


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time PyTorch's steps."""
    device, synchronise = prepare(settings)
    V = case["sizes"][4]
    options = {name: value for name, value in model_options(case).items() if name not in ("bidirectional", "tied")}
    model = Seq2Seq(V, V, **options).to(device)
    dense = [parameter for name, parameter in model.named_parameters() if name != "source.weight"]
    optimizers = [torch.optim.Adam(dense, lr=LR), torch.optim.SparseAdam([model.source.weight], lr=LR)]
    moved = []
    for source, source_lengths, inputs, lengths, outputs in batches(case):
        ids = [torch.from_numpy(part).long().to(device) for part in (source, inputs, outputs)]
        both = [torch.from_numpy(part) for part in (source_lengths, lengths)]
        real = torch.arange(ids[2].shape[1], device=device) < both[1].to(device)[:, None]
        moved.append((ids[0], both[0], ids[1], both[1], ids[2][real]))

    def steps() -> None:
        for *inputs, targets in moved:
            model.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(model(*inputs), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(dense, MAX_NORM)  # PyTorch clips no sparse gradients
            for optimizer in optimizers:
                optimizer.step()
            loss.item()

    return measure(steps, settings, synchronise)
