"""Finding parameters, layers and generators in nested containers, and refusing what cannot be found."""

from __future__ import annotations

import copy
import functools
import types
from collections import OrderedDict, UserDict, deque
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import seed_from
from scratchnn.core import Layer, Parameter, Sequential
from scratchnn.errors import CacheError, LayerError
from scratchnn.layers import Dense, Dropout, Tanh


def rng(seed=0):
    return np.random.default_rng(seed)


def parameter():
    return Parameter(np.ones(2, dtype="float32"))


def holder(value, name="held"):
    layer = Layer()
    setattr(layer, name, value)
    return layer


class Pair(NamedTuple):
    first: Any
    second: Any


# --- names and order -------------------------------------------------------------------------------------------------


def test_names_are_dotted_paths_in_the_order_of_assignment():
    model = Layer()
    model.heads = {"pos": Dense(2, 3, rng=rng()), "arc": (Tanh(), [Dense(2, 1, rng=rng(), bias=False)])}
    model.scales = [parameter(), {"b": parameter(), "a": parameter()}]
    model.top = OrderedDict(z=Pair(Dense(1, 1, rng=rng(), bias=False), parameter()))
    model.W = parameter()
    assert list(model.named_parameters()) == [
        "scales.0",
        "scales.1.b",
        "scales.1.a",
        "top.z.1",
        "W",
        "heads.pos.W",
        "heads.pos.b",
        "heads.arc.1.0.W",
        "top.z.0.W",
    ]
    assert [name for name, _ in model.children()] == ["heads.pos", "heads.arc.0", "heads.arc.1.0", "top.z.0"]
    assert list(model.own_parameters()) == ["scales.0", "scales.1.b", "scales.1.a", "top.z.1", "W"]


leaves = st.sampled_from(["parameter", "dense", "dropout", "generator", "shared", "number", "array", "nothing"])
keys = st.text(st.characters(blacklist_characters=".", codec="utf-8"), max_size=4)
structures = st.recursive(
    leaves,
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.tuples(parts, parts).map(lambda pair: Pair(*pair))
        | st.dictionaries(keys, parts, max_size=4)
    ),
    max_leaves=20,
)


def built(structure, path, expected, shared):
    """The structure with objects in place of words; appends (name, object) for each parameter and generator to expected."""
    if isinstance(structure, dict):
        return {key: built(part, (*path, key), expected, shared) for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        parts = [built(part, (*path, str(k)), expected, shared) for k, part in enumerate(structure)]
        return Pair(*parts) if isinstance(structure, Pair) else type(structure)(parts)
    name = ".".join(path)
    if structure == "dense":
        layer = Dense(1, 2, rng=rng())
        expected += [(f"{name}.W", layer.W), (f"{name}.b", layer.b)]
        return layer
    if structure == "dropout":
        layer = Dropout(0.5, rng=rng(len(expected)))
        expected.append((f"{name}.rng", layer.rng))
        return layer
    value = {
        "parameter": parameter,
        "shared": lambda: shared,
        "generator": lambda: rng(len(expected)),
        "number": lambda: 3,
        "array": lambda: np.ones(2),
        "nothing": lambda: None,
    }[structure]()
    if structure in ("parameter", "generator", "shared"):
        expected.append((name, value))
    return value


def one_of_each(structure):
    """A layer that holds the structure, its parameters by name and its generators, each once."""
    expected, shared = [], parameter()
    model = Layer()
    model.held = built(structure, ("held",), expected, shared)
    once = list({id(value): (name, value) for name, value in reversed(expected)}.values())
    return (
        model,
        {name: v for name, v in once if isinstance(v, Parameter)},
        [v for _, v in once if not isinstance(v, Parameter)],
    )


@given(structures)
@settings(max_examples=150, deadline=None)
def test_everything_in_nested_containers_is_found_once(structure):
    model, parameters, generators = one_of_each(structure)
    found = model.named_parameters()
    assert {id(p) for p in found.values()} == {id(p) for p in parameters.values()}
    assert len(found) == len(parameters)
    shared = [name for name in found if name not in parameters]  # found under another of its names
    assert len(shared) <= 1
    assert [id(p) for p in model.parameters()] == [id(p) for p in found.values()]
    assert {id(r) for r in model.generators()} == {id(r) for r in generators}
    assert len(model.generators()) == len(generators)
    assert list(copy.deepcopy(model).named_parameters()) == list(found)


@given(structures)
@settings(max_examples=50, deadline=None)
def test_all_operations_reach_everything(structure):
    model, parameters, generators = one_of_each(structure)
    count = len(model.generators())
    for p in parameters.values():
        p.accumulate(np.ones_like(p.data))
    assert model.astype("float64") is model
    assert all(p.data.dtype == "float64" and p.grad is None for p in parameters.values())
    model.evaluate()
    assert not any(layer.training for _, layer in model.named_layers())
    assert model.to("numpy") is model
    model.reseed(5, 6)
    assert not {id(r) for r in model.generators()} & {id(r) for r in generators}
    assert len(model.generators()) == count
    for k, r in enumerate(model.generators()):
        assert r.bit_generator.state == rng(seed_from(5, 6, k)).bit_generator.state
    twin = copy.deepcopy(model)
    for p in twin.parameters():
        p.data = p.data + 1
    twin.load_state_dict(model.state_dict())
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(twin.state_dict()[name], value)


def test_caches_in_nested_containers_are_counted_and_discarded():
    model = Layer()
    model.held = {"a": (Tanh(), [Tanh()])}
    for layer in (model.held["a"][0], model.held["a"][1][0]):
        layer.forward(np.ones(2))
    assert model.pending() == 2
    with pytest.raises(CacheError, match="cannot move"):
        model.to("numpy")
    model.discard_caches()
    assert model.pending() == 0


# --- sharing and cycles ----------------------------------------------------------------------------------------------


def test_what_is_shared_across_containers_is_found_once_under_its_first_name():
    shared, layer = parameter(), Dense(1, 1, rng=rng(), bias=False)
    model = Layer()
    model.first = [shared, {"layer": layer}]
    model.second = {"again": shared, "layer": (layer,)}
    model.alias = model.first
    assert list(model.named_parameters()) == ["first.0", "first.1.layer.W"]
    assert [name for name, _ in model.named_layers()] == ["", "first.1.layer"]


def test_a_shared_generator_stays_shared_in_every_container():
    generator = rng()
    inside = (generator, "mask")
    model = Layer()
    model.a, model.b, model.noise = inside, [inside], generator
    model.c = {"pair": Pair(inside, Dropout(0.1, rng=generator))}
    model.reseed(1)
    places = [model.a[0], model.b[0][0], model.noise, model.c["pair"].first[0], model.c["pair"].second.rng]
    assert len({id(place) for place in places}) == 1
    assert places[0] is not generator
    assert model.a[1] == "mask"
    assert isinstance(model.c["pair"], Pair)
    assert inside[0] is generator  # the tuple itself, which may be used elsewhere, is not changed


def test_generators_are_found_under_any_name_and_reseeded():
    model = Layer()
    model.masks, model._noise = rng(1), rng(2)
    assert model.generators() == [model.masks, model._noise]
    model.reseed(3)
    assert model.masks.bit_generator.state == rng(seed_from(3, 0)).bit_generator.state
    assert model._noise.bit_generator.state == rng(seed_from(3, 1)).bit_generator.state


def test_a_layer_that_holds_its_parent_and_a_list_that_contains_itself():
    parent, child = Layer(), Dense(1, 1, rng=rng(), bias=False)
    parent.child = [child]
    child.up = {"parent": parent}
    parent.child.append(parent.child)
    assert list(parent.named_parameters()) == ["child.0.W"]
    assert list(child.named_parameters()) == ["W"]
    assert [layer for _, layer in child.named_layers()] == [child, parent]


# --- refusals --------------------------------------------------------------------------------------------------------


@dataclass
class Record:
    layer: Any


class Slotted:
    __slots__ = ("layer",)

    def __init__(self, layer):
        self.layer = layer


class Items(list):
    """A list with an attribute besides its items."""


def items_with_attribute(value):
    items = Items([1, 2])
    items.extra = value
    return items


HIDING_PLACES = {
    "set": lambda value: {value},
    "frozenset": lambda value: frozenset([value]),
    "Record": Record,
    "Slotted": Slotted,
    "SimpleNamespace": lambda value: types.SimpleNamespace(x=value),
    "UserDict": lambda value: UserDict(x=value),
    "mappingproxy": lambda value: types.MappingProxyType({"x": value}),
    "deque": lambda value: deque([value]),
    "dict_values": lambda value: {"x": value}.values(),
    "generator": lambda value: (part for part in [value]),
    "map": lambda value: map(str, [value]),
    "function": lambda value: lambda: value,
    "partial": lambda value: functools.partial(print, value),
    "ndarray": lambda value: np.array([None, value], dtype=object),
    "Items": items_with_attribute,
    "dict": lambda value: {1: value},
}
HIDDEN = {
    "Parameter": parameter,
    "Tanh": Tanh,
    "Generator": rng,
}


@pytest.mark.parametrize("what", HIDDEN)
@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a_hiding_place_is_refused_by_name(place, what):
    for outer, deep in ((place, lambda value: value), ("list", lambda value: [{"a": (value,)}])):
        model = holder(deep(HIDING_PLACES[place](HIDDEN[what]())))
        expected = (
            rf"^Layer\.held \({outer}\) contains a {what} that the layer does not find; keep .* lists, tuples, or dicts"
        )
        for call in (model.parameters, model.named_parameters, model.state_dict, model.train, model.evaluate):
            with pytest.raises(LayerError, match=expected):
                call()
        with pytest.raises(LayerError, match=expected):
            model.to("numpy")
        with pytest.raises(LayerError, match=expected):
            model.astype("float64")


@pytest.mark.parametrize("key", [0, ("a",), None, "a.b", b"a"])
def test_a_key_that_gives_no_name_is_refused_only_in_front_of_a_member(key):
    assert holder({key: 1, "x": {key: "text"}}).parameters() == []
    with pytest.raises(LayerError, match=r"Layer.held \(dict\) contains a Parameter that the layer does not find"):
        holder({"x": {key: [parameter()]}}).parameters()


def test_a_layer_as_a_key_and_an_attribute_whose_name_has_a_dot():
    with pytest.raises(LayerError, match=r"Layer.held \(dict\) contains a Tanh"):
        holder({Tanh(): "x"}).parameters()
    with pytest.raises(LayerError, match=r"Layer.a.b is a Parameter"):
        holder(parameter(), "a.b").parameters()


def test_the_message_names_the_way_to_the_attribute():
    model = Sequential(Tanh(), holder({parameter()}, "bag"))
    with pytest.raises(LayerError, match=r"^layers\.1\.bag \(set\) contains a Parameter"):
        model.parameters()


def test_class_attributes_and_slots_are_refused():
    class OfTheClass(Layer):
        W = parameter()

    class WithSlots(Layer):
        __slots__ = ("W",)

        def __init__(self):
            super().__init__()
            self.W = parameter()

    with pytest.raises(LayerError, match=r"OfTheClass\.W is a Parameter"):
        OfTheClass().parameters()
    with pytest.raises(LayerError, match=r"WithSlots\.W is a Parameter"):
        WithSlots().parameters()


@pytest.mark.parametrize("foreign", [np.random.RandomState(0), Random(0), np.random.RandomState(0).rand])
def test_generators_that_cannot_be_reseeded_are_refused(foreign):
    with pytest.raises(LayerError, match=r"a layer can reseed only generators made by np\.random\.default_rng"):
        holder([foreign]).parameters()


def test_what_is_found_elsewhere_may_be_held_anywhere():
    """A bound method, a closure, a set of layers that the search finds as well: nothing is missed."""
    model = Layer()
    model.layers = [Tanh(), Dense(1, 1, rng=rng())]
    model.order = set(model.layers)
    model.activation = model.layers[0].forward
    model.shortcut = lambda x: model.layers[1].forward(x) + model.layers[1].b.data
    model.record = Record(model)
    assert list(model.named_parameters()) == ["layers.1.W", "layers.1.b"]


def test_what_modules_classes_and_other_functions_know_is_not_searched():
    model = Layer()
    model.library, model.kind, model.function = types, Dense, test_the_message_names_the_way_to_the_attribute
    model._caches.append({parameter()})
    assert model.parameters() == []


def test_parameters_looks_again_after_an_assignment_anywhere_below():
    model = Sequential(Tanh(), Dense(1, 1, rng=rng()))
    assert len(model.parameters()) == 2
    model.layers[0].bag = {parameter()}
    with pytest.raises(LayerError, match=r"layers\.0\.bag"):
        model.parameters()
    del model.layers[0].bag
    assert len(model.parameters()) == 2


def test_a_set_that_is_filled_later_is_noticed_before_it_is_saved_or_trained():
    model = holder(set())
    assert model.parameters() == []
    model.held.add(parameter())
    for call in (model.train, model.state_dict, model.named_parameters):
        with pytest.raises(LayerError):
            call()


def test_a_training_step_does_not_repeat_the_check(monkeypatch):
    model = Sequential(Dense(2, 2, rng=rng()), Dropout(0.5, rng=rng()))
    model.parameters()
    monkeypatch.setattr(Layer, "check_members", lambda self: pytest.fail("checked again"))
    for step in range(2):
        model.reseed(step)
        model.backward(model.forward(np.ones((1, 2), dtype="float32")))
        assert len(model.parameters()) == 2
        model.clear_gradients()
        model.discard_caches()
