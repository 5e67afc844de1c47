"""Steps over the gradients of several batches: the same as one large batch, refused where batches carry a state."""

from __future__ import annotations

import numpy as np
import pytest
from small_text import arrays_and_meta
from training_cases import trainer_of

from scratchnn.core import Model, RowGradient
from scratchnn.data import PaddedExamples, Pairs, SentenceBatches, Sentences
from scratchnn.datasets.generated import generated_treebank
from scratchnn.errors import DataError
from scratchnn.layers import Dense, Embedding
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.models.classifier import Classifier
from scratchnn.models.parser import Parser
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.optim import SGD, Adam
from scratchnn.text import Vocabulary
from scratchnn.training import Trainer

pytestmark = pytest.mark.usefixtures("quick")


class Tagger(Model):
    """A class for each token from its embedding alone; a mask says which targets count."""

    def __init__(self, rng):
        super().__init__()
        self.embedding = Embedding(9, 4, rng=rng)
        self.output = Dense(4, 3, rng=rng)

    def loss(self, batch, state):
        ids, mask, tags = batch
        loss, cache = softmax_cross_entropy_forward(self.output.forward(self.embedding.forward(ids)), tags, mask)
        self.push(cache)
        return loss, int(mask.sum()), None

    def backward_loss(self, dloss=1.0):
        self.embedding.backward(self.output.backward(softmax_cross_entropy_backward(dloss, self.pop())))


def tagger_batches(rng):
    """Batches of unequal size, the second without a target that counts, and the same as one."""
    batches = []
    for N, T, share in ((2, 3, 0.5), (4, 1, 0.0), (1, 6, 0.9), (3, 2, 0.4)):
        mask = (np.arange(N * T) < round(share * N * T)).reshape(N, T)
        batches.append((rng.integers(0, 9, (N, T)), mask, rng.integers(0, 3, (N, T))))
    assert len({int(mask.sum()) for _, mask, _ in batches}) == 4
    assert not batches[1][1].any()
    whole = tuple(np.concatenate([batch[k].reshape(-1) for batch in batches])[None] for k in range(3))
    return batches, whole


def classifier_batches(rng):
    """Unequal numbers of texts of unequal lengths, in one batch only empty ones."""
    lengths = [rng.integers(1, 7, 5), np.zeros(2, dtype=int), rng.integers(1, 3, 1), rng.integers(2, 9, 3)]
    sequences = [[rng.integers(0, 9, length) for length in part] for part in lengths]
    classes = [rng.integers(0, 3, len(part)) for part in lengths]

    def batch(parts, targets):
        return PaddedExamples(parts, targets, len(parts)).pick(np.arange(len(parts)))

    batches = [batch(*both) for both in zip(sequences, classes, strict=True)]
    return batches, batch([text for part in sequences for text in part], np.concatenate(classes))


def pair_batches(rng):
    """Unequal numbers of pairs, the targets of unequal lengths."""
    sizes = (2, 5, 1)
    pairs = [[(rng.integers(4, 9, rng.integers(0, 5)), rng.integers(4, 9, 3 * k + 1)) for _ in range(size)]
             for k, size in enumerate(sizes)]  # fmt: skip

    def batch(part):
        sources, targets = zip(*part, strict=True)
        return Pairs(sources, targets, len(part), begin=2, end=3).pick(np.arange(len(part)))

    return [batch(part) for part in pairs], batch([pair for part in pairs for pair in part])


def tree_batches(rng):
    """Unequal numbers of sentences of unequal lengths."""
    trees = generated_treebank(9, int(rng.integers(100)))
    forms, all_heads, names = zip(*trees, strict=True)
    words = [word for sentence in forms for word in sentence]
    vocabularies = (Vocabulary(["<pad>", "<unk>", *sorted(set(tokens))][:30]) for tokens in (words, "".join(words)))
    labels = Vocabulary(sorted({label for part in names for label in part}))
    targets = [list(map(np.array, all_heads)), list(map(labels.encode, names))]
    every = SentenceBatches(Sentences(forms, *vocabularies), targets, 9)
    return [every.pick(np.array(part)) for part in ([4, 0], [1, 2, 3, 5, 7], [8, 6])], every.pick(np.arange(9))


def parser(rng):
    words = {"embedding_size": 4, "character_size": 3, "character_units": 2}
    return Parser(30, 30, 15, **words, hidden_size=4, layers=1, arc_size=5, label_size=4, rng=rng)


def classifier(rng):
    return Classifier(9, 3, embedding_size=4, hidden_size=5, rng=rng, cell="gru", bidirectional=True)


def seq2seq(rng):
    return Seq2Seq(9, 9, embedding_size=4, hidden_size=5, rng=rng)


CASES = {
    "tagger": (Tagger, tagger_batches),
    "parser": (parser, tree_batches),
    "classifier": (classifier, classifier_batches),
    "seq2seq": (seq2seq, pair_batches),
}


def trainer_for(make, seed=0, optimizer=SGD, lr=0.5, batches=(), **options):
    """A trainer of a float64 model with random parameters."""
    model = make(np.random.default_rng(seed))
    model.astype("float64")
    rng = np.random.default_rng(seed + 1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return Trainer(model, optimizer(model.parameters(), lr), batches, progress=False, **options)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(3))
def test_several_batches_have_the_gradient_of_one_large_batch(name, seed):
    make, draw = CASES[name]
    batches, whole = draw(np.random.default_rng(seed + 10))
    found = []
    for part in (batches, [whole]):
        trainer = trainer_for(make, seed)
        loss, count, state = trainer.compute_gradients(part)
        assert state is None
        assert trainer.model.pending() == 0
        found.append((float(loss), count, trainer.model.named_parameters()))
    (loss, count, accumulated), (expected_loss, expected_count, expected) = found
    assert count == expected_count
    assert loss == pytest.approx(expected_loss, abs=1e-12)
    rows = [key for key, parameter in accumulated.items() if isinstance(parameter.grad, RowGradient)]
    assert len(rows) == (2 if name in ("seq2seq", "parser") else 1)  # embeddings stay rows
    for key, parameter in accumulated.items():
        gradient = parameter.dense_gradient()
        assert gradient.dtype == np.float64
        assert abs(gradient).max() > 1e-4
        np.testing.assert_allclose(gradient, expected[key].dense_gradient(), atol=1e-10, rtol=0, err_msg=key)


def test_the_mean_of_the_means_would_be_another_gradient():
    """So that the test above proves something."""
    batches, whole = classifier_batches(np.random.default_rng(10))
    trainer, large = trainer_for(classifier), trainer_for(classifier)
    large.compute_gradients([whole])
    for batch in batches:
        trainer.model.loss(batch, None)
        trainer.model.backward_loss(1 / len(batches))
    difference = trainer.model.output.b.grad - large.model.output.b.grad
    assert abs(difference).max() > 1e-3


def test_batches_without_any_target_move_nothing():
    batches, _ = tagger_batches(np.random.default_rng(0))
    trainer = trainer_for(Tagger, batches=Listed([batches[1], batches[1]]), accumulate=2, max_norm=1.0)
    before = trainer.model.state_dict()["output.b"].copy()
    trainer.fit(1)
    np.testing.assert_array_equal(trainer.model.output.b.data, before)
    assert [row["targets"] for row in trainer.history.rows] == [0]


class Listed:
    """The same batches in every epoch."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def batch(self, epoch, k):
        return self.batches[k]


def examples(count=29, batch_size=2, seed=3):
    rng = np.random.default_rng(seed)
    sequences = [rng.integers(0, 9, length) for length in rng.integers(0, 7, count)]
    return PaddedExamples(sequences, rng.integers(0, 3, count), batch_size, seed=seed)


def test_an_epoch_is_cut_into_groups_and_the_last_may_be_smaller():
    """15 batches, 4 per step: groups of 4, 4, 4 and 3; what a step sees is what one batch of its texts would give."""
    batches = examples()
    assert len(batches) == 15
    trainer = trainer_for(classifier, batches=batches, accumulate=4, record_every=1)
    history = trainer.fit(2)
    assert trainer.step == 8
    assert [row["step"] for row in history.rows] == [1, 2, 3, 4, 5, 6, 7, 8]
    counts = [row["targets"] for row in history.rows]
    assert sum(counts[:4]) == sum(counts[4:]) == 29  # each text once per epoch
    assert {counts[3], counts[7]} <= {5, 6}

    class Grouped:
        """The same texts, those of a group in one batch."""

        def __len__(self):
            return 4

        def batch(self, epoch, k):
            places = [batches.order.positions(epoch, j) for j in range(4 * k, min(4 * k + 4, 15))]
            return batches.pick(np.concatenate(places))

    large = trainer_for(classifier, batches=Grouped(), record_every=1)
    expected = large.fit(2)
    for name, value in trainer.model.state_dict().items():
        np.testing.assert_allclose(value, large.model.state_dict()[name], atol=1e-9, err_msg=name)
    np.testing.assert_allclose(history.column("loss")[1], expected.column("loss")[1], atol=1e-9)
    np.testing.assert_allclose(history.column("gradient_norm")[1], expected.column("gradient_norm")[1], atol=1e-9)
    assert counts == [row["targets"] for row in expected.rows]


def test_more_batches_than_an_epoch_has_are_one_step():
    trainer = trainer_for(classifier, batches=examples(), accumulate=100)
    trainer.fit(3)
    assert trainer.step == trainer.epoch == 3


def test_batches_that_carry_a_state_are_refused():
    with pytest.raises(DataError, match=r"accumulate = 2 needs batches that are independent of each other.*larger batches"):
        trainer_of(accumulate=2)
    assert trainer_of(accumulate=1).accumulate == 1


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_accumulate_is_a_whole_number(value):
    with pytest.raises(DataError, match=f"Trainer: accumulate must be a whole number of 1 or more, got {value}"):
        trainer_for(classifier, batches=examples(), accumulate=value)


class Interrupted(Exception):
    """Stands for the moment at which the process dies."""


def final(trainer):
    return arrays_and_meta(trainer.checkpoint), {k: v.tobytes() for k, v in trainer.model.state_dict().items()}


@pytest.mark.parametrize("every", [1, 2])
def test_interrupted_inside_an_epoch_and_resumed(tmp_path, every):
    """Five steps per epoch, of 3 batches each, the last of 2; dropout, Adam with rows."""

    def make(path):
        model = Classifier(9, 3, embedding_size=4, hidden_size=5, rng=np.random.default_rng(0), dropout=0.4, layers=2)
        options = {"accumulate": 3, "checkpoint": path, "checkpoint_every": every, "record_every": 4, "seed": 6}
        return Trainer(model, Adam(model.parameters(), 0.05), examples(27), progress=False, max_norm=0.5, **options)

    undisturbed = make(tmp_path / "undisturbed.npz")
    undisturbed.fit(2)
    assert (len(undisturbed.batches), undisturbed.step) == (14, 10)
    positions = set()
    for k in range(10):
        path = tmp_path / f"{k}.npz"
        first = make(path)
        original, calls = first.optimizer.step, []

        def step(original=original, calls=calls, k=k):
            original()
            calls.append(1)
            if len(calls) > k:
                raise Interrupted

        first.optimizer.step = step
        with pytest.raises(Interrupted):
            first.fit(2)
        second = make(path)
        assert second.resume() == path.exists()
        positions.add(second.position)
        second.fit(2)
        assert final(second) == final(undisturbed)
    assert positions == {0, 3, 6, 9, 12}  # every place between two steps


def test_masks_are_drawn_for_each_batch_of_a_step():
    """Two copies of one batch in a step have masks of their own."""
    model = Classifier(9, 3, embedding_size=4, hidden_size=5, rng=np.random.default_rng(0), dropout=0.5)
    batch = examples().batch(0, 1)
    losses = []
    original = model.loss
    model.loss = lambda *arguments: losses.append(original(*arguments)) or losses[-1]
    Trainer(model, SGD(model.parameters(), 0.1), Listed([batch, batch]), accumulate=2, progress=False).fit(1)
    assert losses[0][0] != losses[1][0]


def test_a_gradient_that_is_frozen_or_shared_is_scaled_once():
    """A parameter that two layers hold, and one that is not trained."""

    class Tied(Model):
        def __init__(self):
            super().__init__()
            self.first = Dense(2, 2, rng=np.random.default_rng(0))
            self.second = Dense(2, 2, rng=np.random.default_rng(1))
            self.second.W = self.first.W
            self.second.b.trainable = False

        def loss(self, batch, state):
            y = self.second.forward(self.first.forward(batch[0]))
            self.push(y)
            return (y * y).mean(), y.size, None

        def backward_loss(self, dloss=1.0):
            y = self.pop()
            self.first.backward(self.second.backward(dloss * 2 * y / y.size))

    rng = np.random.default_rng(2)
    parts = [(rng.standard_normal((size, 2)),) for size in (3, 1, 4)]
    results = []
    for batches in (parts, [(np.concatenate([part[0] for part in parts]),)]):
        trainer = trainer_for(lambda rng: Tied())
        trainer.compute_gradients(batches)
        results.append(trainer.model.first.W.grad)
    np.testing.assert_allclose(results[0], results[1], atol=1e-12)
