"""Chapter 3: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch03")


@pytest.fixture(scope="module")
def text():
    return markdown("ch03")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 9
    assert not [line for line in lines if "False" in line]


def test_rule_of_the_little_language(chapter, text):
    assert "all of them eat food and drink drinks, animals chase animals and sleep, people buy things, call people" in text
    sentences = " ".join(chapter.train_words).removesuffix(" .").split(" . ")
    assert len(sentences) == 150
    for sentence in sentences:
        _, subject, verb, *rest = sentence.split()
        assert verb in chapter.examples.VERBS["animal" if subject in chapter.examples.ANIMALS else "person"]
        assert rest[-1] in chapter.examples.OBJECTS.get(verb, chapter.examples.PLACES)


def test_surprise_is_the_probability_by_the_rule(chapter):
    """The text of one sentence: all choices are equally likely, so they can be counted."""
    for seed in range(20):
        words, surprise = chapter.examples.make_text(np.random.default_rng(seed), 1)
        verbs = 4 if words[1] in chapter.examples.ANIMALS else 5
        last = {"eats": 4, "drinks": 4, "chases": 4, "buys": 8, "calls": 4}.get(words[2])
        ways = 2 * 8 * verbs * (2 * last if last else 4)
        assert surprise == pytest.approx(np.log(ways))


def test_counting(chapter, text):
    assert "until its perplexity is lower than that of the rule itself" in text
    train, test = chapter.train_words, chapter.test_words
    known = [chapter.perplexity(chapter.relative_frequencies(train, train, order)) for order in (1, 2, 3, 4)]
    assert known == sorted(known, reverse=True)
    assert known[3] < chapter.rule
    assert "the perplexity is infinite" in text
    assert np.isinf(chapter.perplexity(chapter.relative_frequencies(train, test, 4)))


def test_relative_frequencies_of_a_context_add_up_to_one(chapter):
    follow = [(chapter.train_words[3], word) for word in chapter.vocabulary.tokens]
    shares = [chapter.relative_frequencies(chapter.train_words, list(pair), 2)[0] for pair in follow]
    assert sum(shares) == pytest.approx(1)


def test_mixture_adds_up_to_one_whether_the_context_is_known_or_not(chapter, text):
    assert "both sums leave out the orders whose context never occurred" in text
    for context in (chapter.train_words[10:13], ["cat", "garden", "eats"], ["garden", "garden", "garden"]):
        held_out = [[*context, word] for word in chapter.vocabulary.tokens]
        p = [chapter.mixture(chapter.train_words, words, (0.1, 0.2, 0.3, 0.4))[0] for words in held_out]
        assert sum(p) == pytest.approx(1)


def test_no_order_of_counting_is_better_than_the_rule(chapter, text):
    assert "no model can be expected to reach less on a new text" in text
    for weights in ((0.1, 0.9), (0.1, 0.2, 0.3, 0.4)):
        assert chapter.perplexity(chapter.mixture(chapter.train_words, chapter.test_words, weights)) > chapter.rule


def test_network_without_a_bottleneck_arrives_at_the_counts(chapter, text):
    assert "Trained long enough, this network arrives at the counts" in text
    C = np.zeros((chapter.V, chapter.V))
    np.add.at(C, (chapter.train_ids[:-1], chapter.train_ids[1:]), 1)
    assert abs(chapter.softmax(chapter.Z) - C / C.sum(axis=1, keepdims=True)).max() < 1e-3


def test_gradient_of_the_look_up(chapter, text):
    assert "rows 3 and 5 are white: their words did not occur" in text
    assert "Rows 3 and 5 are zero, since their words do not occur" in text
    assert "rows that are zero: [3 5]" in chapter.printed


def test_neural_language_model_beats_counting(chapter, text):
    assert "The network comes much nearer to the rule than counting does" in text
    assert chapter.rule < chapter.curve[-1, 1] < (chapter.counting + chapter.rule) / 2
    assert "vectors of $D = 4$ numbers, and $H = 12$ hidden units" in text
    E, _, b1, _, _ = chapter.parameters
    assert (E.shape[1], len(b1)) == (4, 12)
    assert "If there is a count, counting is nearly as good" in text
    seen = ~chapter.unseen
    ratio = chapter.perplexity(chapter.by_counting[seen]) / chapter.perplexity(chapter.by_network[seen])
    assert 1 < ratio < 1.15
    hard = chapter.perplexity(chapter.by_counting[~seen]) / chapter.perplexity(chapter.by_network[~seen])
    assert hard > 2


def test_two_vectors_know_different_things(chapter, text):
    assert "Food, drinks and places are all followed by a full stop" in text
    things = set(chapter.examples.FOOD + chapter.examples.DRINKS + chapter.examples.PLACES)
    assert {after for before, after in chapter.pairs if before in things} == {"."}
    assert "There all groups show" in text
    assert chapter.nearest_in_group(chapter.W2.T) > 0.9 > chapter.nearest_in_group(chapter.E)
    assert "That animals and people do different things shows in the blocks at the upper left" in text
    cosine = chapter.cosines(chapter.E)
    assert cosine[:4, :4].min() > 0 > cosine[:4, 4:8].mean()


def test_tables_at_the_start(chapter, text):
    assert r"the loss is $\log V$, and in the first step only $B$ moves" in text.replace("> ", "")
    A, B = chapter.first_tables(np.random.default_rng(3), 8)
    L, cache = chapter.cbow_forward(chapter.contexts, chapter.targets, A, B)
    dA, dB = chapter.cbow_backward(cache)
    assert pytest.approx(np.log(chapter.V)) == L
    assert not dA.any()
    assert dB.any()


def test_skip_gram_pairs(chapter, text):
    assert "A text of $T$ words has about $2 r T$ such pairs" in text
    assert len(chapter.centres) == pytest.approx(2 * 2 * len(chapter.train_ids), rel=0.01)


def test_gradients_of_both_models(chapter):
    rng = np.random.default_rng(5)
    for forward, backward, inputs, targets in (
        (chapter.cbow_forward, chapter.cbow_backward, chapter.contexts[:8], chapter.targets[:8]),
        (chapter.skip_gram_forward, chapter.skip_gram_backward, chapter.centres[:8], chapter.neighbours[:8]),
    ):
        A, B = rng.standard_normal((chapter.V, 3)), rng.standard_normal((chapter.V, 3))
        gradients = backward(forward(inputs, targets, A, B)[1])
        for table, gradient in zip((A, B), gradients, strict=True):
            direction = rng.standard_normal(table.shape)
            moved = []
            for step in (1e-5, -1e-5):
                table += step * direction
                moved.append(forward(inputs, targets, A, B)[0])
                table -= step * direction
            assert (moved[0] - moved[1]) / 2e-5 == pytest.approx((direction * gradient).sum(), rel=1e-6)


def test_skip_gram_sees_only_counts(chapter, text):
    assert "Skip-gram never sees the text, only a table of counts" in text
    table = np.zeros((chapter.V, chapter.V), dtype=int)
    np.add.at(table, (chapter.centres, chapter.neighbours), 1)
    assert np.array_equal(table, chapter.C)


def test_more_dimensions_come_nearer_to_the_counts(chapter, text):
    assert "With eight, hardly anything of the table is lost" in text
    losses = {D: loss for D, (_, _, loss) in chapter.fitted.items()}
    assert losses[1] > losses[2] > losses[4] > losses[8] > chapter.lowest
    assert losses[8] - chapter.lowest < 0.01
    assert "The training by batches of pairs above stayed higher with the same eight" in text
    assert chapter.from_pairs > losses[8] + 0.05
    assert chapter.skip_tables[0].shape[1] == 8


def test_large_steps_keep_skip_gram_from_the_counts(chapter, text):
    assert "its steps are large and its batches small, so that it keeps moving around the minimum" in text
    tables = [table.copy() for table in chapter.skip_tables]
    chapter.descend(tables, *chapter.skip_gram, epochs=15, lr=0.1)
    smaller_steps, _ = chapter.skip_gram_forward(chapter.centres, chapter.neighbours, *tables)
    assert smaller_steps - chapter.lowest < (chapter.from_pairs - chapter.lowest) / 4


def test_all_three_find_the_groups(chapter, text):
    assert "All three find the groups of the little language" in text
    for table in (chapter.counted, chapter.cbow_tables[0], chapter.skip_tables[0]):
        assert chapter.nearest_in_group(table) > 0.8


def test_overwriting_looks_innocent_but_is_found(chapter, text):
    assert "that of a model which learns, and its vectors are good" in text
    assert chapter.faulty_history[-1] < np.log(chapter.V) / 2
    assert chapter.faulty_history[-1] > 1.1 * chapter.right_history[-1]
    assert chapter.nearest_in_group(chapter.faulty_tables[0]) > 0.9
    assert "The words named are those that occur more than once in the six contexts" in text
    (named,) = (line.partition(" for ")[2] for line in chapter.printed.splitlines() if "WRONG" in line)
    assert named == chapter.repeated
    assert 'and those are "the", "a" and the full stop' in text
    assert set(chapter.vocabulary.tokens[:3]) == {"the", "a", "."}


def test_the_larger_the_batch_the_more_is_lost(chapter, text):
    assert "The larger the batch, the more is lost" in text
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((chapter.V, 3)), rng.standard_normal((chapter.V, 3))
    kept = []
    for N in (5, 20, 100):
        cache = chapter.cbow_forward(chapter.contexts[:N], chapter.targets[:N], A, B)[1]
        kept.append(abs(chapter.faulty_backward(cache)[0]).sum() / abs(chapter.cbow_backward(cache)[0]).sum())
    assert kept[0] > kept[1] > kept[2]


def test_costs(chapter, text):
    assert "with $M = 10$ words around" in text
    for size, D in ((10_000, 100), (1_000_000, 300)):
        assert f"{10 * size * D:,}" in chapter.printed
        assert f"{size * D:,}" in chapter.printed


def test_figure_of_the_chapter(chapter, text):
    assert "on a made-up language of 31 words" in text
    assert chapter.V == 31
    first, _, last = chapter.views.values()
    group = np.repeat(np.arange(6), [len(words) for words in chapter.examples.GROUPS.values()])
    same = (group[:, None] == group) & ~np.eye(len(group), dtype=bool)
    assert abs(first[same].mean()) < 0.2 < 0.5 < last[same].mean()
    assert last[group[:, None] != group].mean() < 0.1


def test_answers_to_the_questions(chapter, text):
    text = text.replace("> ", "")
    assert "CBOW ends lower" in text
    assert chapter.cbow_history[-1] < chapter.skip_history[-1]
    assert "The columns of $W_2$. In a context, bread, milk and garden all announce the same thing" in text
    things = [chapter.SHOWN.index(word) for word in ("bread", "milk", "garden")]
    by_W2 = chapter.cosines(chapter.W2.T)[np.ix_(things, things)]
    assert by_W2[np.triu_indices(3, 1)].max() < 0.6


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_happens_from_other_starts(chapter, seed):
    """What the text says about the trained networks, for two more seeds of the weights and of the batches."""
    parameters = chapter.first_parameters(np.random.default_rng(seed), chapter.V, D=4, H=12, n=4)
    curve = chapter.train(parameters, epochs=40, lr=0.2, seed=seed)
    assert chapter.rule < curve[-1, 1] < (chapter.counting + chapter.rule) / 2
    y = chapter.softmax(chapter.network_forward(chapter.test_contexts, *parameters)[0])
    p = y[np.arange(len(y)), chapter.test_targets]
    seen = ~chapter.unseen
    assert 1 < chapter.perplexity(chapter.by_counting[seen]) / chapter.perplexity(p[seen]) < 1.15
    assert chapter.perplexity(chapter.by_counting[~seen]) / chapter.perplexity(p[~seen]) > 2
    assert chapter.nearest_in_group(parameters[3].T) > 0.9 > chapter.nearest_in_group(parameters[0])

    histories = {}
    for name, data, settings in (
        ("CBOW", chapter.cbow, {"epochs": 40, "lr": 1.0}),
        ("skip-gram", chapter.skip_gram, {"epochs": 40, "lr": 1.0}),
        ("sum", chapter.cbow, {"epochs": 60, "lr": 3.0, "batch": 100}),
        ("no sum", chapter.faulty_cbow, {"epochs": 60, "lr": 3.0, "batch": 100}),
    ):
        tables = chapter.first_tables(np.random.default_rng(seed), D=8)
        histories[name] = chapter.descend(tables, *data, seed=seed, **settings)
        assert chapter.nearest_in_group(tables[0]) > 0.8, name
    assert histories["CBOW"][-1] < histories["skip-gram"][-1]
    assert histories["no sum"][-1] > 1.1 * histories["sum"][-1]
    _, _, loss = chapter.fit_counts(chapter.C, 8, seed=seed)
    assert loss - chapter.lowest < 0.01
