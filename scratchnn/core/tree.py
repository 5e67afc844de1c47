"""Finding the parameters, sub-layers and random generators of a layer among its attributes.

The search visits attributes in the order of their assignment, and the contents of lists, tuples and dicts, nested or not,
in their own order. The order never depends on hashing. Names are dotted paths:

    self.W = Parameter(...)                        W
    self.layers = [Dense(...), Tanh()]             layers.0.W
    self.heads = {"pos": Dense(...)}               heads.pos.W

An object that occurs twice (weight tying, a list with two names) is found once, by identity, under its first name.

A parameter that the search missed would not be trained, moved or saved, without any sign of it. ``check_members`` therefore
follows all references from an attribute (through sets, dataclasses, other objects, closures, iterators), and raises
``LayerError`` if it meets a parameter, a layer or a generator that the search has not found. ``parameters`` repeats this
check only after an attribute of some layer has been assigned, so that it costs nothing in a training step.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from random import Random
from types import CodeType, FrameType, FunctionType, MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from scratchnn.backend import Generator, is_generator_type
from scratchnn.core.parameter import Parameter
from scratchnn.errors import LayerError

if TYPE_CHECKING:
    from scratchnn.core.layer import Layer

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})  # types of values that refer to nothing else
FOREIGN = (Random, np.random.RandomState)  # generators that a layer cannot reseed or move
RESEEDED = "a layer can reseed only generators made by np.random.default_rng"
REMEDY = "keep parameters, layers and generators in attributes, lists, tuples, or dicts whose keys are strings without dots"
MEMBER, CONTAINER, OTHER = range(3)  # the three kinds of values: found, searched, ignored


class Tree:
    """Finds the parameters, sub-layers and random generators of a layer."""

    _assignments = 0  # of attributes of all layers, except plain values
    _checked_at = -1  # the number of assignments at the latest check of this layer

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if type(value) not in PLAIN and type(value) is not np.ndarray:  # these cannot change what is found
            Tree._assignments += 1

    # --- the search --------------------------------------------------------------------------------------------------

    def members(self) -> list[tuple[str, Any]]:
        """Parameters, direct sub-layers and generators of this layer by dotted name, in order."""
        found: list[tuple[str, Any]] = []
        for name, value in vars(self).items():
            role = ROLES[type(value)]
            if role == OTHER or name == "_caches" or "." in name:
                continue
            if role == MEMBER:
                found.append((name, value))
            else:
                search(name, value, found, ())
        return found

    def walk(self) -> Iterator[tuple[str, Layer, list[tuple[str, Any]]]]:
        """This layer and everything below it, each once: dotted name, layer, its ``members``."""
        seen: set[int] = set()
        stack: list[tuple[str, Any]] = [("", self)]
        while stack:
            path, layer = stack.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            members = layer.members()
            yield path, layer, members
            for name, value in reversed(members):
                if isinstance(value, Tree):
                    stack.append((joined(path, name), value))

    def children(self) -> Iterator[tuple[str, Layer]]:
        """Direct sub-layers with their names, in order."""
        for name, value in self.members():
            if isinstance(value, Tree):
                yield name, cast("Layer", value)

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """This layer and everything below it, each once, with dotted names."""
        return ((path, layer) for path, layer, _ in self.walk())

    def own_parameters(self) -> dict[str, Parameter]:
        """The parameters of this layer by dotted name, without those of its sub-layers."""
        return {name: value for name, value in self.members() if isinstance(value, Parameter)}

    def named_parameters(self) -> dict[str, Parameter]:
        """All parameters by dotted name, each once. Raises ``LayerError`` if one cannot be found (``check_members``)."""
        self.check_members()
        return self._find_parameters()

    def parameters(self) -> list[Parameter]:
        """All parameters, each once. Raises ``LayerError`` if one cannot be found (``check_members``)."""
        if self._checked_at != Tree._assignments:
            self.check_members()
        return list(self._find_parameters().values())

    def _find_parameters(self) -> dict[str, Parameter]:
        found: dict[int, tuple[str, Parameter]] = {}
        for path, _, members in self.walk():
            for name, value in members:
                if isinstance(value, Parameter) and id(value) not in found:
                    found[id(value)] = joined(path, name), value
        return dict(found.values())

    def generators(self) -> list[Generator]:
        """The distinct random generators held by this layer and its sub-layers."""
        found: dict[int, Generator] = {}
        for _, _, members in self.walk():
            for _, value in members:
                if is_generator_type(type(value)):
                    found.setdefault(id(value), value)
        return list(found.values())

    def replace_generators(self, fresh: list[Generator]) -> None:
        """Put ``fresh[k]`` in every place of ``generators()[k]``."""
        new = {id(old): rng for old, rng in zip(self.generators(), fresh, strict=True)}
        for _, layer, members in self.walk():
            for name, value in members:
                if is_generator_type(type(value)):
                    put(vars(layer), name.split("."), new[id(value)])

    # --- the check ---------------------------------------------------------------------------------------------------

    def check_members(self) -> None:
        """Raise ``LayerError`` if an attribute refers to a parameter, layer or generator that the search does not find."""
        known = {id(value) for _, layer, members in self.walk() for value in (layer, *(value for _, value in members))}
        for path, layer, _ in self.walk():
            for name, value in attributes(layer):
                missed = missed_in(value, known)
                if missed is not None:
                    where = joined(path, name) if path else f"{type(layer).__name__}.{name}"
                    what = "is" if missed is value else f"({type(value).__name__}) contains"
                    remedy = RESEEDED if isinstance(missed, FOREIGN) else REMEDY
                    raise LayerError(f"{where} {what} a {type(missed).__name__} that the layer does not find; {remedy}")
        vars(self)["_checked_at"] = Tree._assignments


def joined(path: str, name: str) -> str:
    """A dotted path."""
    return f"{path}.{name}" if path else name


class Roles(dict[type, int]):
    """The kind of the values of a type, computed once for each type: the search runs several times in a training step."""

    def __missing__(self, kind: type) -> int:
        if issubclass(kind, (Tree, Parameter)) or is_generator_type(kind):
            self[kind] = MEMBER
        else:
            self[kind] = CONTAINER if issubclass(kind, (list, tuple, dict)) else OTHER
        return self[kind]


ROLES = Roles()


def search(path: str, holder: Any, found: list[tuple[str, Any]], above: tuple[int, ...]) -> None:
    """Append the members in ``holder``, a list, tuple or dict, to ``found``; ``above`` are the ids of those around it."""
    if id(holder) in above:  # a list that contains itself
        return
    above = *above, id(holder)
    for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
        role = ROLES[type(value)]
        if role == OTHER or (isinstance(holder, dict) and not (isinstance(key, str) and "." not in key)):
            continue  # such a key gives no name; check_members raises an error if a member is below it
        if role == MEMBER:
            found.append((f"{path}.{key}", value))
        else:
            search(f"{path}.{key}", value, found, above)


def put(holder: Any, path: list[str], value: Any) -> Any:
    """``holder`` with ``value`` at ``path``: lists and dicts change in place, a tuple is replaced by a new one."""
    key: Any = path[0] if isinstance(holder, dict) else int(path[0])
    new = value if len(path) == 1 else put(holder[key], path[1:], value)
    if not isinstance(holder, tuple):
        holder[key] = new
        return holder
    parts = [*holder[:key], new, *holder[key + 1 :]]
    return type(holder)(*parts) if hasattr(holder, "_fields") else type(holder)(parts)  # a namedtuple takes its fields


def attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    """All attributes of a layer by name: its own, those in ``__slots__``, and those of its class and base classes."""
    yield from ((name, value) for name, value in vars(layer).items() if name != "_caches")
    for kind in type(layer).__mro__:
        if kind.__module__ != "builtins":
            for name, value in vars(kind).items():
                if isinstance(value, MemberDescriptorType):
                    yield name, getattr(layer, name, None)
                elif not isinstance(value, (FunctionType, classmethod, staticmethod, property)):
                    yield name, value


def missed_in(value: Any, known: set[int]) -> Any:
    """The first parameter, layer or generator that ``value`` refers to, directly or not, and that is not ``known``."""
    stack, seen = [value], {}
    while stack:
        value = stack.pop()
        if type(value) in PLAIN or id(value) in seen:
            continue
        seen[id(value)] = value  # kept, so that no other object gets its id
        if ROLES[type(value)] == MEMBER or isinstance(value, FOREIGN):
            if id(value) not in known:
                return value
        else:
            stack.extend(reversed(referents(value)))
    return None


def referents(value: Any) -> list[Any]:
    """The objects that ``value`` refers to; none for modules, classes and frames, which lead to the whole program."""
    if isinstance(value, (ModuleType, type, CodeType, FrameType)):
        return []
    if isinstance(value, np.ndarray):
        return value.ravel().tolist() if value.dtype.hasobject else []
    if isinstance(value, FunctionType):  # not its module
        return [value.__defaults__, value.__kwdefaults__, value.__closure__, vars(value)]
    return gc.get_referents(value)
