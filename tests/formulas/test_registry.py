"""Registries answer an unknown name with the nearest ones and keep a name for one thing."""

import pytest

from thalweg.errors import ThalwegError, UnknownName
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.initializers import INITIALIZERS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.registry import Registry, unknown
from thalweg.formulas.rules import RULES
from thalweg.formulas.schedules import SCHEDULES
from thalweg.formulas.surfaces import SURFACES

ALL = (ACTIVATIONS, INITIALIZERS, LOSSES, RULES, SCHEDULES, SURFACES)


def fruits():
    known = Registry("fruit")
    known.add("apple", 1)
    known.add("pear", 2)
    return known


def test_a_known_name_gives_its_thing():
    assert fruits().named("pear") == 2


def test_an_unknown_name_is_answered_with_the_nearest_and_with_all():
    with pytest.raises(UnknownName, match="no fruit 'appel'; did you mean apple\\? have apple, pear"):
        fruits().named("appel")


def test_a_name_near_to_nothing_is_answered_with_all():
    with pytest.raises(UnknownName, match="no fruit 'xyz'; have apple, pear"):
        fruits().named("xyz")


def test_an_unknown_name_is_an_error_of_ours_and_a_lookup_error():
    error = unknown("fruit", 7, ["apple"])
    assert isinstance(error, ThalwegError)
    assert isinstance(error, LookupError)
    assert str(error) == "no fruit '7'; have apple"


def test_a_name_is_given_away_once():
    known = fruits()
    with pytest.raises(ValueError, match="fruit 'apple' is registered already; choose another name"):
        known.add("apple", 3)
    assert known["apple"] == 1


@pytest.mark.parametrize("registry", ALL, ids=lambda registry: registry.kind)
def test_everything_registered_is_documented_and_found_by_its_name(registry):
    assert registry
    for name, thing in registry.items():
        assert registry.named(name) is thing
        assert (getattr(thing, "doc", None) or thing.__doc__).strip(), name
