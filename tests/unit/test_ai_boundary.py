"""Placeholders: the same value has the same one, and nothing else becomes a value."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import time
from urllib.parse import quote

import pytest

from kitlib import redaction
from kitlib.ai.boundary import LONGEST_LINE, Boundary
from kitlib.ai.folding import folded, visible
from kitlib.redaction import remember

pytestmark = pytest.mark.slow

PASSWORD = "s3cr/et+pw=ü-83"
NAME = r"<[A-Z]+-[0-9a-f]{8}>"


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    for name, empty in (("_known", set()), ("_pieces", set()), ("_pattern", None)):
        monkeypatch.setattr(redaction, name, empty)


@pytest.fixture
def boundary(tmp_path):
    return Boundary(tmp_path)


def one(boundary, text):
    return boundary.outgoing([text])[0]


def test_the_same_value_has_the_same_placeholder_and_another_one_another(boundary):
    first, second, third = boundary.outgoing(["to a@example.com", "from b@example.com", "to a@example.com"])
    assert re.fullmatch(f"to {NAME}", first)
    assert first == third
    assert first[3:] != second[5:]
    assert boundary.counts == {"EMAIL": 3}


def test_a_secret_has_one_placeholder_in_all_its_forms(boundary):
    remember({"kind": "Secret", "data": {"password": b64(PASSWORD)}})
    texts = boundary.outgoing([PASSWORD, quote(PASSWORD, safe=""), b64(PASSWORD)])
    assert {re.match(NAME, text).group() for text in texts} == {texts[0]}


def test_placeholders_are_the_same_in_another_call_and_another_process(boundary, tmp_path):
    code = (
        "import sys; from pathlib import Path; from kitlib.ai.boundary import Boundary;"
        "print(Boundary(Path(sys.argv[1])).outgoing(['a@example.com'])[0])"
    )
    here = one(boundary, "a@example.com")
    there = subprocess.check_output([sys.executable, "-c", code, str(tmp_path)], text=True).strip()
    assert here == there == one(Boundary(tmp_path), "a@example.com")


def test_another_installation_has_other_placeholders(tmp_path):
    assert one(Boundary(tmp_path / "a"), "a@example.com") != one(Boundary(tmp_path / "b"), "a@example.com")


def test_the_key_is_this_users_alone(boundary, tmp_path):
    one(boundary, "a@example.com")
    (key,) = tmp_path.iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == 32


def test_addresses_come_back_and_secrets_do_not(tmp_path):
    boundary = Boundary(tmp_path, ips=True)
    remember({"kind": "Secret", "data": {"password": b64(PASSWORD)}})
    text = f"a@example.com at 203.0.113.5 with {PASSWORD} and TOKEN=abcdef1"
    sent = one(boundary, text)
    assert len(re.findall(NAME, sent)) == 4
    back = boundary.restored(sent)
    assert back.startswith("a@example.com at 203.0.113.5 with <SECRET-")
    assert re.search(r"TOKEN=<CREDENTIAL-[0-9a-f]{8}>$", back)


def test_a_placeholder_that_was_in_the_text_is_none(boundary):
    real = one(boundary, "a@example.com")
    sent = one(boundary, f"a log that says {real} and <email-{real[7:]}")
    assert sent == "a log that says (mark removed) and (mark removed)"
    assert boundary.restored(sent) == sent


def test_only_placeholders_of_this_call_come_back(boundary, tmp_path):
    other = one(Boundary(tmp_path), "b@example.com")
    one(boundary, "a@example.com")
    assert boundary.restored(f"ask {other} or <EMAIL-00000000> or <SECRET-00000000>") == (
        f"ask {other} or <EMAIL-00000000> or <SECRET-00000000>"
    )


def test_a_value_that_holds_a_placeholder_is_put_back_once(boundary):
    first = one(boundary, "a@example.com")
    boundary._values[first] = (
        "EMAIL",
        f"{first}{first}",
    )  # what no log can bring about, because of the above
    assert boundary.restored(first) == first + first


def test_two_values_never_share_a_placeholder(boundary, monkeypatch):
    digests = iter(["0" * 32, "0" * 8 + "1" * 24])
    monkeypatch.setattr("kitlib.ai.boundary.keyed_hash", lambda folder, text: next(digests))
    first, second = boundary.outgoing(["a@example.com", "b@example.com"])
    assert (first, second) == ("<EMAIL-00000000>", "<EMAIL-0000000011111111>")
    assert boundary.restored(f"{first} {second}") == "a@example.com b@example.com"


def test_ips_leave_unless_they_are_hidden(boundary, tmp_path):
    text = "dial tcp 10.96.0.10:53 from [fd00::7]:9 on 127.0.0.1, ::1, 0.0.0.0 at 12:30:45.123 v1.2.3"
    assert one(boundary, text) == text
    hidden = one(Boundary(tmp_path, ips=True), text)
    assert re.sub(NAME, "IP", hidden) == (
        "dial tcp IP:53 from [IP]:9 on 127.0.0.1, ::1, 0.0.0.0 at 12:30:45.123 v1.2.3"
    )


@pytest.mark.parametrize(
    "text",
    [
        'password authentication failed for user "todo"',
        "couldn't find key DB_PASSWORD in Secret todo-app/todo-app-secrets",
        'MountVolume.SetUp failed for volume "certs" : secret "tls-cert" not found',
        "KeyError: 'SECRET_KEY'",
        "token: expired",
        "existingSecret: todo-app-database",
        "- secret:\n    secretName: tls-cert",
        "password: ${DB_PASSWORD} or token={{ .Values.token }} or {'secret': {'name': 'x'}}",
        '{"automountServiceAccountToken":false,"x":1}',
        "basic authentication failed, bearer authentication too",
        "secretKeyRef: {name: todo-app-secrets, key: password}",
        "Error: secret_key must be set",
        'User "system:serviceaccount:todo-app:default" cannot list resource "pods"',
        'File "/usr/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line 145, in __init__',
        "pause@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097",
        "api-5d8c9f7b6-x9j2k 0f3c2b1a-9d8e-4c7b-a6f5-0123456789ab",
        "io.netty.channel.AbstractChannel$AnnotatedConnectException: finishConnect(..) failed",
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available",
        "https://kubernetes.io/docs@home and http://host:8080/a@b",
        "redis://cache:6379/0, postgresql://db:5432/todo?sslmode=disable",
        "container has runAsNonRoot and image will run as root",
        "cat <<EOF and a > b && c < d; x << 3 >> 1",
    ],
)
def test_ordinary_text_stays(boundary, text):
    assert boundary.outgoing(text.split("\n")) == [line.strip() for line in text.split("\n")]
    assert not boundary.counts


def test_what_was_told_once_is_known_everywhere_but_words_are_not(boundary):
    texts = boundary.outgoing(
        ["PASSWORD=postgres", "postgres is down", "PASSWORD=Hunter2-x", "got 'Hunter2-x'"]
    )
    assert texts[1] == "postgres is down"
    assert re.fullmatch(f"got '{NAME}'", texts[3])


def test_what_cannot_be_seen_is_gone_and_lines_stay_lines(boundary):
    texts = boundary.outgoing(["a\x1b[31mb\x00c\u202ed\ttab", "two\r\nlines\u2028three", ""])
    assert texts == ["abcd tab", "two lines three", ""]


def test_a_long_line_is_cut_between_words_after_it_was_cleaned(boundary):
    text = "word " * 118 + "PASSWORD=Tr0ub4dor-and-more " + "x " * 500
    sent = one(boundary, text)
    assert len(sent) < LONGEST_LINE + 40
    assert re.search(r" … \(\d+ more characters\)$", sent)
    assert "Tr0ub4dor" not in sent
    assert "<" not in sent or ">" in sent


def test_the_second_look_finds_what_the_first_would_have_missed(boundary):
    one(boundary, "PASSWORD=Tr0ub4dor&3")
    assert boundary.leaks(["all Tr0ub4dor&3 told"])
    remember({"kind": "Secret", "data": {"later": b64("Zk3vQ9mTx7LbW2cR8")}})
    assert boundary.leaks(["x Zk3vQ9mTx7LbW2cR8"])
    assert not boundary.leaks([one(boundary, "PASSWORD=Tr0ub4dor&3"), "nothing"])


def test_much_text_takes_seconds_not_minutes(boundary):
    lines = [
        f"2026-01-01T00:00:{n % 60:02} INFO [{'ab' * (n % 30)}] GET /api/v1/items/{n}" for n in range(5000)
    ]
    hard = [
        part * 4000 for part in ("=", "a", "@", "://", "<", "password ", "a.", "--a", "mysql ", '="', "a@")
    ]
    hard += [
        part * 1000 for part in ("-----BEGIN A-----", "%3A%2F%2F", "evidence:", "end of the ", "eyJaaaaaa.")
    ]
    started = time.process_time()
    boundary.outgoing([*lines, *hard])
    assert time.process_time() - started < 20


def test_folding_keeps_the_places():
    text = "\x1b[1mа\u200bＢ\ufb01x"
    looks, places = folded(text)
    assert looks == "aBfix"
    assert [text[place] for place in places] == ["а", "Ｂ", "\ufb01", "\ufb01", "x"]
    assert visible(text) == "аＢ\ufb01x"
