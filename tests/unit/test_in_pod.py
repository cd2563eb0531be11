"""The binding of a pod to its own cluster: from what the kubelet puts into it, and never unasked."""

from __future__ import annotations

import pytest

from kitlib.cluster import in_pod
from kitlib.cluster.cluster import Cluster
from kitlib.cluster.connect import connect
from kitlib.errors import UsageError
from kitlib.settings import get_settings


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """The environment and the files of a pod."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "token").write_text("first")
    (tmp_path / "ca.crt").write_text("authority")
    return tmp_path


def test_the_address_is_the_pods_and_its_name_the_callers(pod):
    cluster = Cluster(in_pod.bind("kind-kit", "https://127.0.0.1:41234", folder=pod))
    assert cluster.api.binding.server == "https://10.96.0.1:443"
    assert (cluster.server, cluster.context) == ("https://127.0.0.1:41234", "kind-kit")
    plain = Cluster(in_pod.bind(folder=pod))
    assert (plain.server, plain.context) == ("https://10.96.0.1:443", "in-cluster")


def test_an_address_of_ipv6_stands_in_brackets(pod, monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    assert in_pod.bind(folder=pod).server == "https://[fd00::1]:443"


def test_a_token_that_was_renewed_is_read_again(pod):
    import datetime

    from kubernetes.client import Configuration

    configuration = Configuration()
    in_pod.bind(folder=pod).configure(configuration)
    assert configuration.host == "https://10.96.0.1:443"
    assert configuration.ssl_ca_cert == str(pod / "ca.crt")
    assert configuration.get_api_key_with_prefix("BearerToken") == "bearer first"
    (pod / "token").write_text("second")
    loader = configuration.refresh_api_key_hook.__closure__[0].cell_contents
    loader.token_expires_at = datetime.datetime.now()  # a minute later
    assert configuration.get_api_key_with_prefix("BearerToken") == "bearer second"


def test_outside_of_a_pod_it_says_so(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(UsageError, match="runs in none"):
        connect("in-cluster")


def test_a_pod_without_a_token_says_what_it_lacks(pod):
    (pod / "token").unlink()
    with pytest.raises(UsageError, match="automountServiceAccountToken"):
        in_pod.bind(folder=pod)


def test_connect_takes_it_only_when_it_is_named(pod, monkeypatch):
    monkeypatch.setattr(in_pod, "FOLDER", pod)
    with pytest.raises(UsageError, match="kit knows no cluster"):
        connect()
    monkeypatch.setenv("KIT_CONTEXT", "in-cluster")
    monkeypatch.setenv("KIT_SERVER_NAME", "https://outside:6443")
    monkeypatch.setenv("KIT_CONTEXT_NAME", "kind-kit")
    get_settings.cache_clear()
    try:
        cluster = connect(namespace="apps")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert (cluster.server, cluster.context) == ("https://outside:6443", "kind-kit")
    assert cluster.namespace == "apps"
