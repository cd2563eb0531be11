"""The grammar never changes anything that was not asked for, and says when it does not understand."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kitlib.asking.grammar import EXAMPLES, understand
from kitlib.asking.grammar.writing import VERBS
from kitlib.asking.refusal import Refusal

WORDS = [
    "show",
    "list",
    "find",
    "all",
    "my",
    "the",
    "pods",
    "deployments",
    "services",
    "api",
    "web",
    "shop",
    "in",
    "namespace",
    "not",
    "running",
    "using",
    "more",
    "than",
    "500Mi",
    "memory",
    "why",
    "is",
    "crashing",
    "and",
    "then",
    "to",
    "5",
    "replicas",
    "logs",
    "of",
    "events",
    "for",
    "top",
    "nodes",
    "status",
    "with",
    "label",
    "a=b",
    "secret",
    "db",
    "everything",
    "please",
    "2d",
    "older",
    "without",
    "limits",
]
SAYINGS = [item for item in EXAMPLES if not isinstance(understand(item), Refusal)]
CHANGES = [item for item in SAYINGS if any(one.changes for one in understand(item))]


def changes(text):
    found = understand(text)
    return [one for one in found if one.changes] if isinstance(found, list) else []


def test_each_example_is_understood():
    assert list(EXAMPLES) == SAYINGS
    assert len(CHANGES) > 10


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=60))
def test_a_text_without_a_verb_of_change_changes_nothing(text):
    if not set(re.findall(r"[a-z]+", text.lower())) & set(VERBS):
        assert changes(text) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, *VERBS]), max_size=8).map(" ".join))
@example("restart api and show pods")
def test_each_change_was_asked_for_by_a_verb_at_the_start_of_a_request(text):
    starts = re.split(r",? (?:and )?then |; | and |, and ", text)
    asked = [part for part in starts if set(re.findall(r"[a-z]+", part)) & set(VERBS)]
    assert len(changes(text)) <= len(asked)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.sampled_from(["do not {}", "don't {}", "never {}", "please do not {}", "you must not {}", "{} not"])
    | st.sampled_from(
        ["don’t {}", "I would not {}", "do NOT {}", "Never {}", "stop, don't {}", "{} unless asked"]
    ),
)
def test_a_negation_changes_nothing(text, negation):
    assert changes(negation.format(text)) == []


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.sampled_from(["; rm -rf /", " | sh", " && reboot", " `id`", " $(id)", " > x"]),
)
def test_what_follows_a_request_must_be_understood_too(text, tail):
    assert changes(text + tail) == []


@pytest.mark.parametrize("text", ["", " ", "?", "make it nice", "pods" * 200, "a\nb"])
def test_what_is_not_understood_is_said_with_the_nearest_form(text):
    found = understand(text)
    assert isinstance(found, Refusal)
    assert len(text) > 500 or "such as: " in found.fix


def test_the_nearest_form_is_like_the_text():
    assert "scale deployment api" in understand("scale the deployment api by five").fix
    assert "older than" in understand("find those pods which are older").fix


def test_places():
    def place(text, default=""):
        (one,) = understand(text, default)
        return one.namespace, getattr(one, "everywhere", False)

    assert place("show pods in namespace shop") == ("shop", False)
    assert place("show pods in the shop namespace") == ("shop", False)
    assert place("show pods -n shop") == ("shop", False)
    assert place("show pods") == ("", False)
    assert place("show pods", "shop") == ("shop", False)
    assert place("show unhealthy pods") == ("", True)
    assert place("show unhealthy pods", "shop") == ("shop", False)
    assert place("show unhealthy pods in all namespaces", "shop") == ("", True)
    assert place("restart all pods", "shop") == ("shop", False)
    assert isinstance(understand("restart all pods everywhere"), Refusal)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("find pods using more than 500Mi memory", "500Mi"),
        ("find pods using more than 500 MB memory", "500M"),
        ("find pods using more than 1.5 GiB of memory", "1.5G"),
        ("find pods using more than 500 memory", "500Mi"),
        ("find pods using over 200m cpu", "200m"),
        ("find pods using over 2 cpus", "2"),
    ],
)
def test_quantities_as_people_write_them(text, value):
    (one,) = understand(text)
    assert one.filters[0].value == value
