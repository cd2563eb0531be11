"""Choosing a provider: what manage decides before a provider is asked."""

from __future__ import annotations

import pytest

from kitlib.cluster import manage
from kitlib.cluster.providers.base import ClusterRecord, load_record, save
from kitlib.errors import ClusterError, UsageError


@pytest.fixture
def chosen_context(embedded, monkeypatch):
    """The embedded cluster, as a context of the user's own kubeconfig that kit was told to use."""
    kubeconfig = embedded.api.binding.files[0]
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    yield manage.up("mine", "current", context=embedded.context)
    manage.down("mine")


def test_a_context_of_the_user_is_used_and_only_forgotten(chosen_context, embedded):
    assert manage.status("mine").state == "running"
    assert manage.down("mine")
    assert load_record("mine") is None
    assert embedded.get("Namespace", "default").name == "default"


def test_a_context_of_the_user_is_never_reset(chosen_context):
    with pytest.raises(ClusterError, match="kit does not reset it"):
        manage.reset("mine")


def test_another_provider_does_not_take_over_a_name(chosen_context):
    with pytest.raises(UsageError, match="exists with provider current, not kind"):
        manage.up("mine", "kind")
    assert load_record("mine") == chosen_context


def test_without_docker_the_embedded_control_plane_is_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert manage.status("none-of-that-name").provider == "embedded"


def test_a_record_names_its_provider(tmp_path):
    record = save(ClusterRecord("kept", "embedded", tmp_path / "kubeconfig", "kit-kept"))
    assert manage.known("kept") == record
    manage.down("kept")
    with pytest.raises(UsageError, match="kit knows no cluster named 'kept'"):
        manage.known("kept")
