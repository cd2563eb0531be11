"""No rule breaks on an object of an odd shape: anything may stand anywhere in a manifest."""

from __future__ import annotations

import copy
import random

import yaml
from kube_cases import GOOD, NAMESPACE

from kitlib.checks import engine
from kitlib.checks.targets import Bundle, KubeObject, Project

ODD = (
    None,
    1,
    -1,
    1e9,
    True,
    "",
    "x",
    "1Gi",
    [],
    [None],
    ["x"],
    [[1]],
    {},
    {"a": 1},
    {"name": []},
    [{"name": {}}],
)
OBJECTS = [*yaml.safe_load_all(GOOD), yaml.safe_load(NAMESPACE.format(level="restricted"))]


def places(value, path=()):
    """The path of every value below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def with_odd(objects, path, odd):
    changed = copy.deepcopy(objects)
    value = changed
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = odd
    return [item for item in changed if isinstance(item, dict)]


def run_all(objects, folder):
    bundle = Bundle("odd", "files")
    bundle.objects += [KubeObject(body, bundle) for body in objects]
    project = Project(folder, bundles=[bundle])
    rules = [rule for rule in engine.all_rules().values() if rule.target in ("object", "bundle")]
    return [finding for rule in rules if rule.id != "schema" for finding in engine.run_rule(rule, project)]


def test_no_rule_breaks_whatever_stands_in_an_object(tmp_path):
    choose = random.Random(4)
    for path in choose.sample(list(places(OBJECTS)), 300):
        odd = choose.choice(ODD)
        broken = [
            item for item in run_all(with_odd(OBJECTS, path, odd), tmp_path) if item.id == "rule-failed"
        ]
        assert not broken, (path, odd, broken)


def test_the_healthy_objects_are_healthy(tmp_path):
    assert run_all(OBJECTS, tmp_path) == []
