"""Each text of the corpus has its class and comes to its requests; what is grave never passes as a read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from kitlib.asking import grammar, kubectl
from kitlib.asking.classify import MODEL, actions, classify
from kitlib.asking.refusal import Refusal
from kitlib.asking.request import joined
from kitlib.policy import Approvals, Audit, Gate

ROOT = Path(__file__).parents[2]
CORPUS = yaml.safe_load((ROOT / "tests" / "ask_corpus.yaml").read_text())
TEXTS = [(part["category"], item) for part in CORPUS["corpus"] for item in part["texts"]]
BENIGN = ("benign, plain language", "benign, kubectl")
CHANGING = ("mutating, plain language", "mutating, kubectl")


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    for name, text in CORPUS["files"].items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def gate(tmp_path):
    return Gate(MODEL, Approvals(tmp_path / "approvals"), Audit(tmp_path / "audit.jsonl"))


def requests_of(text):
    return kubectl.parse(text) if kubectl.looks_like_a_command(text) else grammar.understand(text)


def told(request):
    conditions = joined(*getattr(request, "filters", ()))
    return " && ".join(request.lines()) + (f"  # {conditions}" if conditions else "")


def test_the_corpus_is_large_and_says_each_text_once():
    assert len(TEXTS) >= 220
    assert len({item["text"] for _, item in TEXTS}) == len(TEXTS)


def test_each_text_has_its_class_and_its_requests():
    wrong = []
    for _, item in TEXTS:
        found = requests_of(item["text"])
        shown = None if isinstance(found, Refusal) else [told(one) for one in found]
        kind = classify(found).kind
        if (kind, shown) != (item["class"], item.get("requests")):
            wrong.append((item["text"], kind, shown))
    assert wrong == []


def test_benign_reads_are_not_bothered_and_all_else_is():
    for category, item in TEXTS:
        if category in BENIGN:
            assert item["class"] == "read", item
        elif category in CHANGING:
            assert item["class"] == "write", item
        else:
            assert item["class"] != "read", item


def test_a_refusal_says_why():
    for _, item in TEXTS:
        if item["class"] in ("unknown", "prohibited"):
            assert len(classify(requests_of(item["text"])).reason) > 15, item


def test_the_gate_agrees(gate):
    """The gate denies an action of each prohibited change, and none of those that only need a yes."""
    seen = set()
    for _, item in TEXTS:
        found = requests_of(item["text"])
        changes = [one for one in found if one.changes] if isinstance(found, list) else []
        if not changes or item["class"] == "unknown":
            continue
        denied = [
            str(action)
            for one in changes
            for action in actions(one, None, "default")
            if gate.decide(action).kind == "deny"
        ]
        assert bool(denied) == (item["class"] == "prohibited"), (item, denied)
        seen.add(item["class"])
    assert seen == {"write", "prohibited"}


def test_no_change_passes_without_an_approval(gate):
    for _, item in TEXTS:
        found = requests_of(item["text"])
        if item["class"] == "write":
            for one in found:
                for action in actions(one, None, "default") if one.changes else ():
                    assert gate.decide(action).kind == "needs approval", item


def test_the_table_in_benchmarks_is_this_corpus(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    sys.modules.pop("ask_corpus", None)
    import ask_corpus

    assert ask_corpus.table() == (ROOT / "benchmarks" / "ask_corpus.md").read_text()
