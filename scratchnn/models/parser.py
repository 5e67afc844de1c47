"""A dependency parser: which word of a sentence is the head of which other word, and with which label?

    x_t = encoder(word t)                  vector of a word, x_0 = r for the root               (N, T + 1, E)      (1)
    h   = LSTMs in both directions over x_0 .. x_T, several layers                              (N, T + 1, 2H)     (2)
    [a^d, a^h, l^d, l^h] = dropout(relu(h W + b))                            as a dependent and as a head          (3)
                                                                  a (N, T + 1, A) for arcs, l (N, T + 1, B) for labels
    s[d, h] = biaffine(a^d_d, a^h_h)       score of the arc from head h to word d               (N, T + 1, T + 1)  (4)
    z_d     = label scores(l^d_d, l^h_h)   of the labels of that arc, at h = h(d) only          (N, T, K)          (5)

In training, h(d) is the head in the treebank. The loss is a mean over the words, in nats:

    L = mean of -log softmax(s[d, :])[h(d)]  +  mean of -log softmax(z_d)[label of d]                              (6)

In prediction, the heads are those of the best tree by (4), and then the labels are the best ones by (5) at these heads.

Backward. The gradients with respect to the four parts of (3) are put side by side. The root is no dependent of a label, so
its l^d has the gradient 0. The root's vector is the same in all N sentences:

    dr = sum over the sentences of dx_0                                                                            (7)

Dropout: the encoder drops single numbers; the LSTMs above the first drop numbers of their inputs, and all LSTMs numbers of
h_{t-1}, with one mask per sentence for all steps (Gal and Ghahramani, 2016).

Dozat and Manning, "Deep Biaffine Attention for Neural Dependency Parsing" (2017), here with the word encoder of
``word_encoder.py``, without tags, and with ReLU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, Generator, array_module, to_numpy
from scratchnn.core import Model, Parameter
from scratchnn.errors import whole_number
from scratchnn.layers import Dense, Dropout, ReLU
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.models.word_encoder import WordEncoder
from scratchnn.recurrent import LSTM, Bidirectional, Stacked
from scratchnn.structured import Biaffine, LabelScores, best_trees, head_loss_backward, head_loss_forward

MOST_WORDS = 2000  # of a sentence: its arcs have 4 million scores then, and the search for the best tree takes seconds


class Parser(Model):
    """Sentences, as the arrays of ``data.Sentences``, and heads (N, T) -> arc scores and label scores at these heads.

    Args:
        vocabulary_size, characters, labels: numbers of distinct words, characters and labels.
        embedding_size, character_size, character_units, reader, frozen: of the ``WordEncoder``.
        hidden_size: H, units of each LSTM in each direction.
        layers: number of layers of LSTMs.
        arc_size, label_size: A and B.
        dropout: probability in the word encoder, for the inputs of each LSTM, and in (3).
        recurrent_dropout: probability for h_{t-1}.
        rng: draws weights and masks.
    """

    def __init__(
        self,
        vocabulary_size: int,
        characters: int,
        labels: int,
        *,
        rng: Generator,
        embedding_size: int = 100,
        character_size: int = 32,
        character_units: int = 50,
        reader: str = "lstm",
        frozen: bool = False,
        hidden_size: int = 200,
        layers: int = 3,
        arc_size: int = 300,
        label_size: int = 100,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
    ):
        super().__init__()
        sizes = {"labels": labels, "hidden_size": hidden_size, "layers": layers}
        for name, size in {**sizes, "arc_size": arc_size, "label_size": label_size}.items():
            whole_number(size, f"Parser: {name}")
        self.encoder = WordEncoder(
            vocabulary_size,
            characters,
            embedding_size=embedding_size,
            character_size=character_size,
            character_units=character_units,
            reader=reader,
            dropout=dropout,
            frozen=frozen,
            rng=rng,
        )
        self.config = {
            "vocabulary_size": int(vocabulary_size),
            "characters": int(characters),
            "labels": int(labels),
            "embedding_size": int(embedding_size),
            "character_size": int(character_size),
            "character_units": int(character_units),
            "reader": reader,
            "frozen": bool(frozen),
            "hidden_size": int(hidden_size),
            "layers": int(layers),
            "arc_size": int(arc_size),
            "label_size": int(label_size),
            "dropout": float(dropout),
            "recurrent_dropout": float(recurrent_dropout),
        }
        self.root = Parameter.normal((self.encoder.units,), 0.1, rng)
        stack = []
        for k in range(layers):
            width = self.encoder.units if k == 0 else 2 * hidden_size
            first, second = (
                LSTM(width, hidden_size, rng=rng, dropout=dropout if k else 0.0, recurrent_dropout=recurrent_dropout)
                for _ in range(2)
            )
            stack.append(Bidirectional(first, second))
        self.reader = Stacked(stack)
        self.views = Dense(2 * hidden_size, 2 * (arc_size + label_size), rng=rng)
        self.relu, self.dropout = ReLU(), Dropout(dropout, rng=rng)
        self.arcs = Biaffine(arc_size, rng=rng)
        self.labels = LabelScores(label_size, labels, rng=rng)
        self.cuts = np.cumsum([arc_size, arc_size, label_size]).tolist()

    # --- the layers, one after the other -----------------------------------------------------------------------------

    def forward(
        self, words: Array, lengths: Array, forms: Array, characters: Array, sizes: Array, heads: Array
    ) -> tuple[Array, Array]:
        """Equations (1) to (5).

        Args:
            words, lengths, forms, characters, sizes: N sentences; see ``data.sentences``.
            heads: the position of each word's head, 0 for the root and in the padding (N, T).

        Returns:
            Arc scores (N, T + 1, T + 1), dependents in rows and heads in columns, and label scores (N, T, K).
        """
        scores, views = self.score_arcs(words, lengths, forms, characters, sizes)
        return scores, self.score_labels(views, heads)

    def score_arcs(
        self, words: Array, lengths: Array, forms: Array, characters: Array, sizes: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """Equations (1) to (4): the arc scores, and for ``score_labels`` the vectors l^d and l^h, (N, T + 1, B) each."""
        xp = array_module(words)
        e = self.encoder.forward(words, forms, characters, sizes)  # (1)
        root = xp.broadcast_to(self.root.data, (len(e), 1, e.shape[2]))
        h, _ = self.reader.forward(xp.concatenate([root, e], axis=1), lengths=lengths + 1)  # (2)
        views = self.dropout.forward(self.relu.forward(self.views.forward(h)))  # (3)
        arc_dependents, arc_heads, label_dependents, label_heads = xp.split(views, self.cuts, axis=2)
        return self.arcs.forward(arc_dependents, arc_heads), (label_dependents, label_heads)  # (4)

    def score_labels(self, views: tuple[Array, Array], heads: Array) -> Array:
        """Equation (5): label scores (N, T, K) of the arcs to ``heads`` (N, T)."""
        dependents, governors = views
        return self.labels.forward(dependents[:, 1:], governors, heads)  # (5)

    def backward(self, dscores: Array, dlabels: Array) -> None:
        """From the gradients with respect to both scores; ids have none to return."""
        xp = array_module(dscores)
        dlabel_dependents, dlabel_heads = self.labels.backward(dlabels)  # (5)
        first = xp.zeros_like(dlabel_heads[:, :1])
        dlabel_dependents = xp.concatenate([first, dlabel_dependents], axis=1)  # (N, T, B) -> (N, T + 1, B)
        darc_dependents, darc_heads = self.arcs.backward(dscores)  # (4)
        dviews = xp.concatenate([darc_dependents, darc_heads, dlabel_dependents, dlabel_heads], axis=2)
        dh = self.views.backward(self.relu.backward(self.dropout.backward(dviews)))  # (3)
        dx, _ = self.reader.backward(dh)  # (2)
        self.root.accumulate(dx[:, 0].sum(axis=0))  # (7)
        self.encoder.backward(dx[:, 1:])  # (1)

    # --- the loss ----------------------------------------------------------------------------------------------------

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """Equation (6), the number of words, and no state, of a batch (sentences, heads, labels).

        A label of -1 is one that the model does not have; it is left out of the second mean.
        """
        words, lengths, forms, characters, sizes, heads, labels = batch
        count = int(to_numpy(lengths).sum())  # first, while a GPU has nothing else to finish
        scores, label_scores = self.forward(words, lengths, forms, characters, sizes, heads)
        loss, cache = self.compare(scores, label_scores, lengths, heads, labels)
        self.push(cache)
        return loss, count, None

    def compare(
        self, scores: Array, label_scores: Array, lengths: Array, heads: Array, labels: Array
    ) -> tuple[Array, tuple[tuple, tuple]]:
        """Equation (6) for scores, lengths (N,), heads and labels (N, T): the loss () and the cache."""
        xp = array_module(heads)
        head_loss, head_cache = head_loss_forward(scores, heads, lengths)
        real = (xp.arange(heads.shape[1]) < lengths[:, None]) & (labels >= 0)  # (N, T)
        label_loss, label_cache = softmax_cross_entropy_forward(label_scores, labels, mask=real)
        return head_loss + label_loss, (head_cache, label_cache)  # (6)

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        head_cache, label_cache = self.pop()
        self.backward(head_loss_backward(dloss, head_cache), softmax_cross_entropy_backward(dloss, label_cache))

    # --- prediction --------------------------------------------------------------------------------------------------

    def best(
        self, scores: Array, views: tuple[Array, Array], lengths: Array, projective: bool = False
    ) -> tuple[Array, Array]:
        """The best tree of each sentence and the best label of each of its arcs.

        Args:
            scores, views: what ``score_arcs`` returns.
            lengths: numbers of words (N,).
            projective: whether arcs must not cross; see ``structured.trees``. The search runs on the CPU.

        Returns:
            Heads and ids of labels (N, T); in the padding they have no meaning.
        """
        heads = best_trees(scores, lengths, projective)
        return heads, self.score_labels(views, heads).argmax(axis=2)
