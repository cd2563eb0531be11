"""Changes held up on their way: an admission webhook beside the cluster, so that a test can act meanwhile."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

WAIT_SECONDS = 25.0  # less than a webhook may take


class Hold:
    """Every change is let through; one of `user` arrives, and waits for `go`."""

    def __init__(self, user):
        self.user = user
        self.active, self.arrived, self.go = (threading.Event() for _ in range(3))

    def decide(self, request):
        self.active.set()
        if request["userInfo"]["username"] == self.user:
            self.arrived.set()
            self.go.wait(WAIT_SECONDS)


@contextmanager
def holding(cluster, address, user, folder, probe):
    """Hold up what `user` changes of the Deployments in the cluster's namespace.

    Args:
        cluster: acting in that namespace.
        address: of this machine, as the API server reaches it.
        folder: for the certificate.
        probe: the name of a Deployment, touched until the webhook is asked.
    """
    hold, name = Hold(user), f"hold-{cluster.namespace}"
    path = certificate(address, folder)
    server = ThreadingHTTPServer((address, 0), handler(hold))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster.apply(webhook(name, cluster.namespace, f"https://{address}:{server.server_port}/", path))
    try:
        end = time.monotonic() + 30
        while not hold.active.wait(0.3):
            assert time.monotonic() < end
            # A label: a Deployment's annotations count as a change of it, which would void what is proposed.
            touched = {"metadata": {"labels": {"touched": f"{time.monotonic_ns()}"}}}
            cluster.patch("Deployment", probe, touched, type="merge")
        yield hold
    finally:
        hold.go.set()
        cluster.delete("ValidatingWebhookConfiguration", name)
        server.shutdown()
        server.server_close()


def handler(hold):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            hold.decide(request)
            answer = {"uid": request["uid"], "allowed": True}
            body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with suppress(OSError):  # the API server gave up: who asked is gone
                self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            """Say nothing."""

    return Handler


def webhook(name, namespace, url, path):
    bundle = base64.b64encode(path.read_bytes().partition(b"-----BEGIN EC")[0]).decode()
    one = {
        "name": "hold.kit.test",
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [
            {
                "apiGroups": ["apps"],
                "apiVersions": ["v1"],
                "operations": ["UPDATE"],
                "resources": ["deployments"],
            }
        ],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "matchConditions": [{"name": "real", "expression": "!(has(request.dryRun) && request.dryRun)"}],
        "failurePolicy": "Fail",
        "timeoutSeconds": 30,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [one],
    }


def certificate(address, folder):
    """A certificate for the address that is its own authority, and its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hold")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    made = builder.sign(key, hashes.SHA256())
    path = folder / "hold.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return path
