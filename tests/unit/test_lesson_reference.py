"""Lesson 05's command reference, against minikube's documentation, and what else needs no cluster."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from xml.etree import ElementTree

import pytest

from kitlib.cluster.providers import minikube
from kitlib.lessons import local, pictures, reference

# Every command that a minikube user is taught first.
NEEDED = (
    "start",
    "stop",
    "delete",
    "status",
    "ip",
    "addons list",
    "addons enable",
    "addons disable",
    "docker-env",
    "tunnel",
    "service",
    "dashboard",
    "logs",
    "ssh",
    "image load",
    "image build",
)


@pytest.fixture
def rows():
    return reference.commands("lab", minikube.Machine(kubernetes="1.35.0"))


@pytest.mark.parametrize("command", NEEDED)
def test_every_command_is_there(rows, command):
    assert any(f"minikube {command}" in row.minikube for row in rows)


def test_the_commands_are_those_that_kit_runs(rows):
    texts = {row.minikube for row in rows}
    assert "--kubernetes-version=v1.35.0" in rows[0].minikube
    assert " ".join(minikube.status_command("lab")) in texts
    assert all(
        "--profile" in text for text in texts if text.startswith("minikube") and "profile list" not in text
    )
    assert all(
        "--name lab" in row.kind for row in rows if row.kind.startswith("kind ") and "get" not in row.kind
    )


def test_rows_are_found_by_a_word_and_shown_as_a_table(rows):
    found = rows.about("IMAGE")
    assert 3 <= len(found) < len(rows)
    assert "kind load docker-image todo-api:dev-2 --name lab" in repr(found)
    table = ElementTree.fromstring(rows._repr_html_())
    assert len(table.findall(".//tr")) == len(rows) + 1
    assert rows.about("no such word") == ()


def test_a_loop_returns_to_its_first_step():
    picture = pictures.loop("The loop", ["build", "run"])
    assert picture.words == "build → run → build"
    assert len(list(ElementTree.fromstring(picture._repr_html_()).iter("rect"))) == 2


@pytest.fixture
def server():
    class ByHost(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.headers["Host"] == "todo.local" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), ByHost) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made.server_port
        made.shutdown()
        thread.join()


def test_a_host_is_asked_for_by_its_name(server):
    assert local.by_host("127.0.0.1", "todo.local", port=server) == 200
    assert local.by_host("127.0.0.1", "other.local", port=server, patience=0) == 404


def test_nobody_at_the_address_is_no_error():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert local.by_host("127.0.0.1", "todo.local", port=free.getsockname()[1], patience=0) == 0


def test_the_chart_renders_with_the_development_values_and_others_over_them():
    own = local.rendered()
    assert own["Deployment", "todo-app-api"]["spec"]["replicas"] == 1
    over = local.rendered("api: {replicaCount: 2}")
    assert over["Deployment", "todo-app-api"]["spec"]["replicas"] == 2
