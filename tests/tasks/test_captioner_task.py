"""``captioner``: a folder of pictures to captions by command, generated scenes, figures, and bad input."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from small_pictures import halves, rgb_png, write_pictures
from small_text import assert_one_line, command, contents, make_quick

from scratchnn.datasets.generated.scenes import Thing, is_true, random_caption, scenes, write_scenes
from scratchnn.errors import DataError
from scratchnn.tasks import captioner
from scratchnn.tasks.caption_sources import PARTS, TRUE, Captioned, true_share
from scratchnn.tasks.captioner import KIND, SCENES
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.usefixtures("quick")
SIZES = ["--channels", 4, 8, "--hidden", 16, "--embed", 6, "--batch", 8, "--lr", 0.01]
EXAMPLES = halves(60, seed=1)


def train_captioner(*options):
    """Exit status of a short training; what is given last counts."""
    return command("train", "captioner", *SIZES, *options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """``pictures``, ``others``, and runs: with attention, and of a vector."""
    place = tmp_path_factory.mktemp("captioner")
    write_pictures(place / "pictures", EXAMPLES)
    write_pictures(place / "others", halves(12, seed=2))
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        for name, options in (("attention", []), ("vector", ["--attention", "none"])):
            data = ["--data", place / "pictures", "--epochs", 25, "--out", place / name]
            assert train_captioner(*data, *options) == 0
    return place


@pytest.fixture
def few_scenes(monkeypatch):
    """Parts of a few scenes."""
    for name, (_, seed, unseen) in PARTS.items():
        monkeypatch.setitem(PARTS, name, (6, seed, unseen))


# --- pictures in folders ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["attention", "vector"])
def test_it_learns_and_evaluates(folder, name, capsys):
    run = folder / name
    assert command("evaluate", run, "--data", folder / "others") == 0
    loss, perplexity, exact, figure = capsys.readouterr().out.splitlines()
    assert exact == "exact match 1.0000"
    assert float(loss.split()[1]) < 0.5
    assert float(perplexity.split()[1]) == pytest.approx(np.exp(float(loss.split()[1])), abs=1e-3)
    assert figure == f"the first 10 captions in {run / 'captions.png'}"
    assert (run / "captions.png").read_bytes().startswith(b"\x89PNG")
    assert load(run).evaluate(folder / "others")["exact match"] == 1


def test_pictures_are_split_not_their_captions(tmp_path):
    write_pictures(tmp_path / "pictures", halves(20))
    with open(tmp_path / "pictures" / "captions.tsv", "a") as file:
        file.writelines(f"{k}.png\tagain\n" for k in range(20))
    train, valid = captioner.KIND.read_parts({"data": [str(tmp_path / "pictures")], "valid": None, "seed": 0})
    assert (len(train), len(valid)) == (36, 4)
    assert not {id(one.picture) for one in train} & {id(one.picture) for one in valid}


def test_predict_prints_a_caption_per_picture(folder, capsys):
    files = [folder / "others" / f"{k}.png" for k in (3, 0, 7)]
    expected = [halves(12, seed=2)[k][1] for k in (3, 0, 7)]
    assert command("predict", folder / "attention", *files) == 0
    assert capsys.readouterr().out.splitlines() == expected
    call = [sys.executable, "-m", "scratchnn", "predict", folder / "attention", *files, "--beam", "3", "--json"]
    lines = subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()
    documents = [json.loads(line) for line in lines]
    assert [one["picture"] for one in documents] == [str(file) for file in files]
    assert [one["answers"][0]["text"] for one in documents] == expected
    assert command("predict", folder / "attention", files[0], "--beam", 3, "--n-best", 2) == 0
    first, second = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert first[1] == expected[0] != second[1]
    assert float(first[0]) > float(second[0])


def test_predict_reads_names_from_a_folder_or_a_file(folder, tmp_path, capsys):
    assert command("predict", folder / "vector", "--data", folder / "others") == 0
    names = sorted(f"{k}.png" for k in range(12))
    expected = [halves(12, seed=2)[int(name.removesuffix(".png"))][1] for name in names]
    assert capsys.readouterr().out.splitlines() == expected
    (tmp_path / "names.txt").write_text("".join(f"{folder / 'others' / name}\n" for name in names[:2]))
    assert command("predict", folder / "vector", "--data", tmp_path / "names.txt") == 0
    assert capsys.readouterr().out.splitlines() == expected[:2]


def test_pictures_are_described_alike_however_they_are_batched(folder, monkeypatch):
    trained = load(folder / "attention")
    files = [str(folder / "others" / f"{k}.png") for k in range(12)]
    whole = trained.predict(files, beam=2)
    monkeypatch.setattr(captioner, "ROWS", 3)
    assert trained.predict(files, beam=2) == whole


def test_a_figure_of_attention(folder, tmp_path, capsys, monkeypatch):
    files = [folder / "others" / f"{k}.png" for k in range(2)]
    assert command("predict", folder / "attention", *files, "--attention", tmp_path / "map.png") == 0
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err == f"wrote {tmp_path / 'map.png'}\n"
    seen = []
    monkeypatch.setattr(captioner, "plot_captions", lambda maps: seen.extend(maps))
    monkeypatch.setattr(captioner, "save_figure", lambda figure, path: None)
    trained = load(folder / "attention")
    trained.predict(map(str, files), attention_figure="x.png")
    for one, (picture, caption) in zip(seen, halves(2, seed=2), strict=True):
        np.testing.assert_array_equal(one.picture, picture)
        assert (one.words, one.true, one.region) == ([*caption.split(), "<eos>"], None, 2)
        assert one.weights.shape == (5, 4, 6)  # four words and the end; 8 x 12 pixels in regions of 2 x 2
        np.testing.assert_allclose(one.weights.sum(axis=(1, 2)), 1, rtol=1e-5)


def test_a_model_that_never_ends_writes_up_to_the_limit(folder):
    trained = load(folder / "vector")
    trained.model.output.b.data[trained.parts["vocabulary"].end] = -1e9
    (answer,) = trained.predict([str(folder / "others" / "0.png")], limit=7)
    assert len(answer.split()) == 7


def test_another_run_goes_on_from_it(folder, tmp_path, capsys):
    write_pictures(tmp_path / "more", halves(20, seed=5))
    options = ["--data", tmp_path / "more", "--from", folder / "attention", "--epochs", 1, "--out", tmp_path / "run"]
    assert command("train", "captioner", *options) == 0
    assert load(tmp_path / "run").model.config == load(folder / "attention").model.config
    write_pictures(tmp_path / "foreign", [(picture, "나는 학교에 간다") for picture, _ in halves(20, seed=5)])
    options = ["--data", tmp_path / "foreign", "--from", folder / "attention", "--out", tmp_path / "other"]
    capsys.readouterr()
    assert command("train", "captioner", *options) == 2
    assert_one_line(capsys, "the vocabulary has only 0% of the text's tokens; use a text of the same language")


def test_an_interrupted_run_ends_with_the_same_bits(folder, tmp_path):
    data = ["--data", folder / "pictures", "--dropout", 0.2, "--out"]
    assert train_captioner(*data, tmp_path / "whole", "--epochs", 3) == 0
    assert train_captioner(*data, tmp_path / "parts", "--epochs", 1) == 0
    assert command("train", "captioner", "--resume", "--out", tmp_path / "parts", "--epochs", 3) == 0
    assert contents(tmp_path / "whole")["model.npz"] == contents(tmp_path / "parts")["model.npz"]


# --- generated scenes ------------------------------------------------------------------------------------------------


def test_scenes_are_learned_by_default_and_checked_against_what_is_in_them(tmp_path, few_scenes, capsys):
    assert train_captioner("--scenes", 24, "--epochs", 1, "--out", tmp_path / "run") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "24 captions to learn, 6 to validate, vocabulary of 20 tokens, pictures of 48 x 48 pixels" in printed
    assert "best validation true and complete " in printed
    for name in ("generated", "generated:unseen"):
        assert command("evaluate", tmp_path / "run", "--data", name) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.rpartition(" ")[0] for line in lines[:-1]] == [
            "loss", "perplexity", "exact match", TRUE, f"captions of random scenes: {TRUE}",
        ]  # fmt: skip
        assert max(map(len, lines[:-1])) <= 80


def captions_of(examples):
    return [one.caption for one in examples]


def test_generated_alone_is_the_part_that_is_asked_for(tmp_path, few_scenes):
    """Never the test part in training, also beside a folder."""
    expected = {name: [scene.caption for scene in scenes(*part)] for name, part in PARTS.items()}
    write_scenes(str(tmp_path / "pictures"), 3, seed=9)
    folder = str(tmp_path / "pictures")
    settings = {"data": [folder, "generated"], "valid": "generated", "seed": 0, "scenes": 6}
    train, valid = captioner.KIND.read_parts(settings)
    assert captions_of(train)[3:] == expected["train"]
    assert captions_of(valid) == expected["valid"]
    for data in ([], ["generated"], ["generated:train"]):
        for given in (None, "generated"):
            train, valid = captioner.KIND.read_parts({**settings, "data": data, "valid": given})
            assert (captions_of(train), captions_of(valid)) == (expected["train"], expected["valid"])
            assert captioner.KIND.decides({**settings, "data": data, "valid": given}) == (TRUE, True)
    assert captions_of(captioner.KIND.examples(["generated"], {}, {})) == expected["test"]


def test_the_share_of_true_captions_by_hand():
    things = (Thing("red", "circle", 10, 10, 4), Thing("blue", "square", 12, 40, 4))
    examples = [Captioned(np.zeros((1, 1, 3)), "", things)] * 4
    texts = ["a red circle left of a blue square", "a blue square right of a red circle", "a red circle", ""]
    assert true_share(texts, examples) == {TRUE: 0.5}
    assert true_share(texts[:1], [Captioned(np.zeros((1, 1, 3)), texts[0])]) == {}


def test_captions_of_random_scenes_are_hardly_ever_true():
    rng = np.random.default_rng(0)
    some = scenes(200, 2)
    assert 0 < sum(is_true(random_caption(rng), scene.things) for _ in range(5) for scene in some) < 30


def test_the_parts_of_the_scenes_differ():
    parts = {name: scenes(20, seed, unseen) for name, (_, seed, unseen) in PARTS.items()}
    captions = {name: [scene.caption for scene in some] for name, some in parts.items()}
    assert len({tuple(texts) for texts in captions.values()}) == len(PARTS)


# --- bad input -------------------------------------------------------------------------------------------------------


def spoil(folder, what):
    """One fault in a folder of pictures."""
    table, picture = folder / "captions.tsv", folder / "1.png"
    lines = table.read_text().splitlines()
    if what == "another size":
        picture.write_bytes(rgb_png(EXAMPLES[1][0][:, :7]))
    elif what == "truncated":
        picture.write_bytes(picture.read_bytes()[:-30])
    elif what == "no PNG":
        picture.write_bytes(b"GIF89a")
    elif what == "missing":
        picture.unlink()
    elif what == "no tab":
        lines[1] = lines[1].replace("\t", " ")
    elif what == "empty caption":
        lines[1] = "1.png\t "
    elif what == "empty name":
        lines[1] = "\ta half"
    elif what == "no captions":
        lines = []
    table.write_text("".join(f"{line}\n" for line in lines))
    if what == "no TSV":
        table.unlink()


@pytest.mark.parametrize("verb", ["train", "valid", "evaluate"])
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("another size", "bad/1.png has 7 x 8 pixels, {} 12 x 8; scale it to that size"),
        ("truncated", "bad/1.png is a damaged PNG file (at byte "),
        ("no PNG", "bad/1.png is not a PNG file; save it as PNG"),
        ("missing", "cannot read bad/1.png: No such file or directory"),
        ("no tab", "captions.tsv: line 2 is not the name of a picture and its caption with one tab between them"),
        ("empty caption", "captions.tsv: the caption of '1.png' is empty; write one, or remove the line"),
        ("empty name", "captions.tsv: the caption 'a half' has no picture before its tab; name one, or remove the line"),
        ("a file", "captions.tsv is a file; pictures are read from a folder of PNG files with captions.tsv"),
        ("no captions", "no examples in bad/captions.tsv; a line is the name of a picture and its caption"),
        ("no TSV", "bad has no captions.tsv; each of its lines is the name of a picture, a tab, and its caption"),
        ("no folder", "cannot read nowhere/captions.tsv: No such file or directory"),
        ("other scenes", "generated has pictures of 48 x 48 pixels, {} 12 x 8; leave it out"),
        ("no part", "no generated data 'generated:easy'; choose from generated:train, generated:valid, generated:test"),
    ],
)
def test_bad_folders(folder, tmp_path, monkeypatch, capsys, verb, what, message):
    monkeypatch.chdir(tmp_path)
    name = {"no folder": "nowhere", "no part": "generated:easy", "other scenes": "generated"}.get(what, "bad")
    if name == "bad":
        shutil.copytree(folder / "pictures", "bad")
        spoil(tmp_path / "bad", what)
    if what == "a file":
        name = "bad/captions.tsv"
    if verb == "evaluate":
        assert command("evaluate", folder / "attention", "--data", name) == 2
    else:
        before = [folder / "pictures"] if what == "other scenes" else []
        data = ["--data", *before, name] if verb == "train" else ["--data", folder / "pictures", "--valid", name]
        assert train_captioner(*data, "--out", "run") == 2
    first = "the first picture has" if what == "other scenes" else "0.png has"
    has = {"train": first, "valid": "the first picture has", "evaluate": "the model knows"}[verb]
    assert_one_line(capsys, message.format(has))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "empty"], "empty has no pictures; name a folder of PNG files, or a file of their names"),
        (["nowhere.png"], "cannot read nowhere.png: No such file or directory"),
        (["no/where.png"], "cannot read no/where.png: No such file or directory"),
        (["x" * 300], "xxx: File name too long"),
        (["a\0b.png"], "cannot read a\0b.png: embedded null byte"),
        (["text.png"], "text.png is not a PNG file; save it as PNG"),
        (["small.png"], "small.png has 7 x 8 pixels, the model knows 12 x 8; scale it to that size"),
        (["good.png", ""], "line 2 of the input is empty; each line is the name of a PNG file"),
        (["good.png", "--attention", "good.png"], "good.png already exists; choose another --attention"),
        (["good.png", "--attention", ""], "--attention is empty; name a file"),
        (["good.png", "--attention", "no/map.png"], "cannot write no/map.png: there is no folder no; make it first"),
        (["good.png", "--n-best", 2], "--n-best 2 needs a --beam of 2 or more"),
        (["good.png", "--attention", "map.png"], "has a model without attention; train one with --attention additive"),
        (["a.png", "--attention", "map.png", "--out", "./map.png"], "--attention and --out are the same file, ./map.png"),
        (["good.png", "--limit", 0], "--limit must be a whole number of 1 or more, got 0"),
    ],
)
def test_bad_predictions(folder, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "good.png").write_bytes(rgb_png(EXAMPLES[0][0]))
    (tmp_path / "small.png").write_bytes(rgb_png(EXAMPLES[0][0][:, :7]))
    (tmp_path / "text.png").write_text("a picture")
    assert command("predict", folder / "vector", *words) == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "map.png").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--channels", 4, "many"], "--channels must be whole numbers of 1 or more, got 'many'"),
        (["--channels", 0], "--channels must be whole numbers of 1 or more, got '0'"),
        (["--channels", 2, 2, 2, 2, 2], "Captioner: 5 convolutions with pooling in between leave nothing of 12 x 8 pixels"),
        (["--attention", "dot"], "argument --attention: invalid choice: 'dot'"),
        (["--scenes", 5], "--scenes has no effect with --data {folder}/pictures; leave one of them out"),
        (["--scenes", 0], "--scenes must be a whole number of 1 or more, got 0"),
    ],
)
def test_bad_settings(folder, tmp_path, capsys, options, message):
    assert train_captioner("--data", folder / "pictures", "--out", tmp_path / "run", *options) == 2
    assert_one_line(capsys, message.format(folder=folder))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scenes", 9], "was started with --scenes 24, not 9; leave it out, or choose another --out"),
        (["--data", "pictures"], "was started without --data; leave it out, or choose another --out"),
        (["--valid", "pictures"], "was started without --valid; leave it out, or choose another --out"),
        (["--hidden", 4], "was started with --hidden 16, not 4; leave it out, or choose another --out"),
        (["--channels", 4], "was started with --channels 4 8, not 4; leave it out, or choose another --out"),
    ],
)
def test_a_run_on_scenes_is_not_resumed_with_other_data(tmp_path, few_scenes, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    write_scenes("pictures", 8, seed=9)
    assert train_captioner("--scenes", 24, "--epochs", 1, "--out", "run") == 0
    before = contents(tmp_path / "run")
    capsys.readouterr()
    assert command("train", "captioner", "--resume", *options, "--epochs", 2, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert contents(tmp_path / "run") == before


def test_a_run_on_a_folder_is_not_resumed_with_scenes(folder, capsys):
    assert command("train", "captioner", "--resume", "--scenes", 9, "--epochs", 30, "--out", folder / "vector") == 2
    assert_one_line(capsys, "was started without --scenes; leave it out, or choose another --out")


def test_one_picture_cannot_be_split(tmp_path, capsys):
    write_pictures(tmp_path / "one", halves(1))
    assert train_captioner("--data", tmp_path / "one", "--out", tmp_path / "run") == 2
    assert_one_line(capsys, "one example cannot be split into a training and a validation part; give more, or --valid")


def test_a_run_on_folders_may_have_the_usual_number_of_scenes_saved():
    """As runs of earlier versions have; it must not stop ``--resume``."""
    KIND.complete({"channels": ["2"], "data": ["pictures"], "scenes": SCENES})
    with pytest.raises(DataError, match="--scenes has no effect"):
        KIND.complete({"channels": ["2"], "data": ["pictures"], "scenes": SCENES + 1})
