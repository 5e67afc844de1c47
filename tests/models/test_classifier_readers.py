"""All readers, poolings and outputs of the classifier: equations, padding, empty texts, and building it again."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.core import Model
from scratchnn.errors import DataError
from scratchnn.functions import sigmoid
from scratchnn.models import find_model
from scratchnn.models.classifier import POOLINGS, READERS, Classifier

V, K, D, H = 9, 3, 3, 4
LENGTHS = np.array([2, 6, 0, 3, 1])
IDS = np.random.default_rng(2).integers(0, V, (5, 6))
PARTS = [(r, p) for r in READERS for p in POOLINGS if p != "last" or r.endswith("recurrent")]
every_part = pytest.mark.parametrize(("reader", "pooling"), PARTS)


def model_of(classes=K, **options):
    """In float64, every parameter random, no bias zero."""
    model = Classifier(V, classes, embedding_size=D, hidden_size=H, rng=np.random.default_rng(0), **options)
    model.astype("float64")
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return model


@every_part
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_text_is_read_by_itself_without_its_padding(reader, pooling, stride, bidirectional):
    model = model_of(
        reader=reader, pooling=pooling, stride=stride, bidirectional=bidirectional, kernel_sizes=[2, 3], cell="gru"
    )
    logits = model.forward(IDS, LENGTHS)
    assert logits.shape == (5, K)
    for row, length in enumerate(LENGTHS):
        alone = model.forward(IDS[row : row + 1, :length], LENGTHS[row : row + 1])
        np.testing.assert_allclose(logits[row], alone[0], atol=1e-12)
    padded = IDS.copy()
    padded[np.arange(6) >= LENGTHS[:, None]] = 0
    np.testing.assert_array_equal(model.forward(padded, LENGTHS), logits)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_a_convolution_window_by_window(pooling):
    """Equations (2) to (4) for kernel sizes 1 and 3 with a stride of 2: windows end at steps 0, 2, 4 ..."""
    model = model_of(reader="conv", pooling=pooling, kernel_sizes=[1, 3], stride=2)
    for row, length in enumerate(LENGTHS):
        e = np.concatenate([np.zeros((2, D)), model.embedding.W.data[IDS[row, :length]]])  # two zeros before the text
        steps = []
        for last in range(0, length, 2):
            parts = []
            for layer, size in zip(model.convolutions.layers, (1, 3), strict=True):
                window = e[last + 3 - size : last + 3]
                parts.append(np.maximum(np.einsum("kd,kdh->h", window, layer.W.data) + layer.b.data, 0))
            steps.append(np.concatenate(parts))
        pooled = np.zeros(2 * H) if not steps else getattr(np, pooling)(steps, axis=0)
        expected = pooled @ model.output.W.data + model.output.b.data
        np.testing.assert_allclose(model.forward(IDS, LENGTHS)[row], expected, atol=1e-12)


def test_the_mean_of_embeddings():
    model = model_of(reader="embedding", pooling="mean")
    expected = [
        model.embedding.W.data[ids[:n]].mean(axis=0) if n else np.zeros(D) for ids, n in zip(IDS, LENGTHS, strict=True)
    ]
    expected = np.array(expected) @ model.output.W.data + model.output.b.data
    np.testing.assert_allclose(model.forward(IDS, LENGTHS), expected, atol=1e-12)


def test_one_sigmoid_unit_is_a_softmax_over_zero_and_its_logit():
    model = model_of(2, output="sigmoid", pooling="mean")
    z = model.forward(IDS, LENGTHS)
    assert z.shape == (5,)
    classes = np.array([0, 1, 1, 0, 1])
    loss, count, _ = model.loss((IDS, LENGTHS, classes), None)
    p = sigmoid(z)
    assert count == 5
    assert float(loss) == pytest.approx(-np.log(np.where(classes == 1, p, 1 - p)).mean(), rel=1e-12)
    np.testing.assert_allclose(model.probabilities(z), np.stack([1 - p, p], axis=1), atol=1e-15)


def test_labels_that_do_not_exclude_each_other():
    model = model_of(output="multilabel", pooling="mean")
    z = model.forward(IDS, LENGTHS)
    targets = np.random.default_rng(0).integers(0, 2, (5, K))
    p = sigmoid(z)
    loss, count, _ = model.loss((IDS, LENGTHS, targets), None)
    assert count == 5
    assert float(loss) == pytest.approx(-np.log(np.where(targets == 1, p, 1 - p)).mean(), rel=1e-12)
    np.testing.assert_allclose(model.probabilities(z), p, atol=1e-15)


@every_part
def test_config_builds_it_again(reader, pooling):
    options = {"reader": reader, "pooling": pooling, "kernel_sizes": [1, 2], "stride": 2, "cell": "rnn", "layers": 2}
    model = model_of(**options, bidirectional=True, class_weights=[1, 2, 3], frozen=True)
    again = find_model("Classifier").from_config(model.config, np.random.default_rng(9))
    assert isinstance(again, Model)
    assert again.config == model.config
    assert not again.embedding.W.trainable
    again.astype("float64")
    again.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(again.forward(IDS, LENGTHS), model.forward(IDS, LENGTHS))


def test_a_frozen_embedding_gets_no_gradient():
    model = model_of(frozen=True, reader="conv", pooling="max")
    model.loss((IDS, LENGTHS, np.array([0, 1, 2, 0, 1])), None)
    model.backward_loss()
    assert model.embedding.W.grad is None
    assert model.convolutions.layers[0].W.grad is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reader": "rnn"}, "unknown reader 'rnn'; choose one of recurrent, conv, conv-recurrent, embedding"),
        ({"pooling": "min"}, "unknown pooling 'min'; choose one of last, mean, max, attention"),
        ({"output": "sparsemax"}, "unknown output 'sparsemax'; choose one of softmax, sigmoid, multilabel"),
        ({"reader": "conv"}, "pooling 'last' needs recurrent layers; with the reader 'conv', use mean, max or attention"),
        ({"output": "sigmoid"}, "one sigmoid unit separates two classes, but there are 3; use the output 'softmax'"),
        ({"class_weights": [1, 2]}, r"class weights must be 3 numbers above 0, got \[1, 2\]"),
        ({"class_weights": [1, 2, 0]}, r"class weights must be 3 numbers above 0, got \[1, 2, 0\]"),
        ({"output": "multilabel", "class_weights": [1, 2, 3]}, "class weights need one class per text; leave them out"),
        ({"stride": 0}, "Classifier: stride must be a whole number of 1 or more, got 0"),
        ({"reader": "conv", "pooling": "max", "kernel_sizes": []}, "Convolutions: pass at least one kernel size"),
        ({"reader": "conv", "pooling": "max", "kernel_sizes": [0]}, "kernel_size must be a whole number of 1 or more"),
    ],
)
def test_what_it_refuses(options, message):
    with pytest.raises(DataError, match=message):
        model_of(**options)
