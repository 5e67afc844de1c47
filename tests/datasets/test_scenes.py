"""Generated scenes: captions are true, combinations are left out, pictures can be saved and read."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.datasets.generated.scenes import (
    BACKGROUND,
    COLOURS,
    SHAPES,
    UNSEEN,
    Thing,
    draw,
    is_left_out,
    is_true,
    relation,
    scenes,
    write_scenes,
)
from scratchnn.errors import DataError


@pytest.fixture(scope="module")
def many():
    return scenes(300, seed=1)


def combinations(caption):
    """The two pairs of colour and shape, and the relation."""
    words = caption.split()
    middle = words[3:-3]
    return (words[1], words[2]), (words[-2], words[-1]), " ".join(middle)


def test_captions_are_true(many):
    assert all(is_true(scene.caption, scene.things) for scene in many)
    assert {len(scene.things) for scene in many} == {2, 3, 4}
    assert {how for scene in many for how in combinations(scene.caption)[2:]} == {"left of", "right of", "above", "below"}


def test_names_differ_within_a_scene_and_shapes_do_not_touch(many):
    for scene in many:
        assert len({thing.name for thing in scene.things}) == len(scene.things)
        for a in scene.things:
            for b in scene.things:
                if a is not b:
                    assert max(abs(a.row - b.row), abs(a.column - b.column)) > a.radius + b.radius


def test_what_is_left_out_of_training_is_all_that_unseen_scenes_have(many):
    def unseen(scene):
        one, other, how = combinations(scene.caption)
        return is_left_out(one, how) or is_left_out(other, how)

    assert not any(map(unseen, many))
    others = scenes(60, seed=1, unseen=True)
    assert all(map(unseen, others))
    assert all(is_true(scene.caption, scene.things) and len(scene.things) == 2 for scene in others)
    seen = {pair for scene in many for pair in combinations(scene.caption)[:2]}
    assert set(UNSEEN) <= seen  # with the other relations
    assert seen == {(colour, shape) for colour in COLOURS for shape in SHAPES}


@pytest.mark.parametrize(
    ("caption", "true"),
    [
        ("a red circle left of a blue square", True),
        ("a blue square right of a red circle", True),
        ("a red circle above a blue square", False),
        ("a blue square left of a red circle", False),
        ("a red circle left of a red circle", False),
        ("a red circle left of a blue circle", False),
        ("a red circle", False),
        ("", False),
    ],
)
def test_truth_by_hand(caption, true):
    assert is_true(caption, (Thing("red", "circle", 20, 10, 4), Thing("blue", "square", 25, 40, 4))) is true


def test_relations_by_hand():
    here = Thing("red", "circle", 20, 20, 4)
    for row, column, how in ((20, 40, "left of"), (22, 2, "right of"), (40, 25, "above"), (2, 25, "below")):
        assert relation(here, Thing("red", "square", row, column, 4)) == how


def test_shapes_are_where_they_should_be():
    for shape in SHAPES:
        picture = draw((Thing("red", shape, 12, 30, 5),), np.random.default_rng(0)).astype(int)
        rows, columns = np.nonzero(np.abs(picture - BACKGROUND).max(axis=2) > 60)
        assert (rows.min(), rows.max()) in {(7, 17), (8, 16)}
        assert (columns.min(), columns.max()) in {(25, 35), (26, 34)}
        assert np.abs(picture[12, 30] - COLOURS["red"]).max() < 40


def test_the_same_seed_gives_the_same_scenes():
    one, same, other = scenes(5, 3), scenes(5, 3), scenes(5, 4)
    assert [scene.caption for scene in one] == [scene.caption for scene in same]
    assert all((a.picture == b.picture).all() for a, b in zip(one, same, strict=True))
    assert [scene.caption for scene in one] != [scene.caption for scene in other]


def test_scenes_as_files(tmp_path):
    from matplotlib.image import imread

    write_scenes(str(tmp_path / "folder"), 3, seed=0)
    lines = (tmp_path / "folder" / "captions.tsv").read_text().splitlines()
    for line, scene in zip(lines, scenes(3, 0), strict=True):
        name, caption = line.split("\t")
        assert caption == scene.caption
        saved = imread(tmp_path / "folder" / name)[:, :, :3]
        np.testing.assert_array_equal(np.round(saved * 255), scene.picture)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        write_scenes(str(tmp_path / "file"), 1, seed=0)
