"""Reading manifests and the order to apply them in."""

from __future__ import annotations

import pytest

from kitlib.cluster import manifests
from kitlib.errors import UsageError


def item(kind, name="x"):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}


def test_dependents_come_after_what_they_need():
    kinds = [found["kind"] for found in manifests.in_order(map(item, ["Deployment", "Secret", "Namespace"]))]
    assert kinds == ["Namespace", "Secret", "Deployment"]


def test_a_list_object_is_unpacked():
    whole = {"apiVersion": "v1", "kind": "List", "items": [item("Pod", "a"), item("Pod", "b")]}
    assert [found["metadata"]["name"] for found in manifests.read(whole)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind: Pod\nmetadata: {name: a}", "document 1: apiVersion missing"),
        ("apiVersion: v1\nkind: Pod", "without metadata.name"),
        ("apiVersion: batch/v1\nkind: job\nmetadata: {name: x}", r"(?s)no kind 'job'.*kind: Job"),
        ("- 1", "found list"),
        ("a: [", "is not YAML"),
    ],
)
def test_what_is_wrong_is_named(text, found):
    with pytest.raises(UsageError, match=found):
        manifests.read(text)


def test_a_folder_is_read_and_an_empty_one_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no folder with \.yaml files"):
        manifests.read(tmp_path)
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n")
    assert len(manifests.read(tmp_path)) == 1
