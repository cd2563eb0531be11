"""A server whose certificate expired is trusted again once the pair in its Secret is replaced."""

from __future__ import annotations

import time

import pytest
from runbooks_kind import deployment, keep_records, kubectl, python_image, run
from tls_help import secret, signed

from kitlib.cluster.resource import pod_ready
from kitlib.settings import get_settings

HOST = "app.example.com"
# The pair is read for each connection, as ingress controllers do when the Secret changes.
SERVER = """
import socket, ssl
listening = socket.create_server(("", 8443))
while True:
    connection, _ = listening.accept()
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
        with context.wrap_socket(connection, server_side=True) as spoken:
            spoken.sendall(b"well")
    except OSError:
        connection.close()
"""
CLIENT = f"""
import socket, ssl
context = ssl.create_default_context(cafile="/app/ca.pem")
with socket.create_connection(("127.0.0.1", 8443), 3) as plain:
    with context.wrap_socket(plain, server_hostname="{HOST}") as spoken:
        print(spoken.recv(10).decode())
"""


@pytest.fixture
def place(namespace, kind_cluster, tmp_path, monkeypatch):
    """A TLS server behind an Ingress, with an expired certificate; it is ready when a client trusts it."""
    keep_records(monkeypatch, tmp_path)
    root = signed("root")
    data = {"server.py": SERVER, "client.py": CLIENT, "ca.pem": root.pem.decode()}
    mounts = [{"name": "app", "mountPath": "/app"}, {"name": "tls", "mountPath": "/tls"}]
    probe = {"exec": {"command": ["python", "/app/client.py"]}, "periodSeconds": 2, "timeoutSeconds": 5}
    server = deployment(
        "web",
        python_image(kind_cluster),
        command=["python", "/app/server.py"],
        readinessProbe=probe,
        volumeMounts=mounts,
    )
    server["spec"]["template"]["spec"]["volumes"] = [
        {"name": "app", "configMap": {"name": "app"}},
        {"name": "tls", "secret": {"secretName": "web-tls"}},
    ]
    for name, days in (("web-tls", -1), ("web-tls-new", 90)):
        pair = signed(name, by=root, hosts=[HOST], days=days)
        namespace.apply(secret(name, pair.pem, pair.key_pem))
    backend = {"service": {"name": "web", "port": {"number": 8443}}}
    rule = {"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}
    ingress["spec"] = {"tls": [{"secretName": "web-tls", "hosts": [HOST]}], "rules": [rule]}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": data}
    namespace.apply([config, server, ingress])
    yield namespace
    get_settings.cache_clear()


def asked(cluster):
    """What a client in the pod gets."""
    found = kubectl(cluster, "exec", "deployment/web", "--", "python", "/app/client.py", check=False)
    return found.stdout + found.stderr


def until(cluster, said, seconds=150):
    end = time.monotonic() + seconds
    while said not in (answer := asked(cluster)):
        assert time.monotonic() < end, answer
        time.sleep(1)


def test_a_server_is_trusted_again_after_the_rotation(place):
    until(place, "certificate has expired")
    assert not any(map(pod_ready, place.list("Pod", labels={"app": "web"})))
    given = {"ingress": "web", "certificate": "web-tls", "replacement": "web-tls-new"}
    done = run("tls-rotation", namespace=place.namespace, **given)
    assert done.exit_code == 0, done.record["message"]
    until(place, "well")  # the kubelet brings a changed Secret into a pod within about a minute
    place.wait("Deployment", "web")
