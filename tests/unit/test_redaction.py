"""What was read from a Secret appears in no text, plain or encoded; ordinary words stay."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from kitlib import redaction
from kitlib.redaction import MARK, mask_urls, redact, redact_tree, remember

PASSWORD = "s3cr/et+pw=ü-83"
URL = f"postgresql://todo:{quote(PASSWORD, safe='')}@db:5432/todo"


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(redaction, "_pieces", set())
    monkeypatch.setattr(redaction, "_pattern", None)


@pytest.fixture
def known():
    remember({"kind": "Secret", "data": {"password": b64(PASSWORD), "URL": b64(URL), "user": b64("todoapp")}})


@pytest.mark.parametrize(
    "text",
    [
        PASSWORD,
        b64(PASSWORD),
        quote(PASSWORD, safe=""),
        json.dumps({"p": PASSWORD}),
        URL,
        b64(URL),
        b64(f"x{PASSWORD}y"),
        b64(f"xy{PASSWORD}z"),
        f"Traceback: could not connect with {URL!r}",
    ],
)
def test_a_value_is_gone_in_every_form(known, text):
    cleaned = redact(f"before {text} after")
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert PASSWORD not in cleaned
    assert quote(PASSWORD, safe="") not in cleaned
    assert b64(PASSWORD)[4:-4] not in cleaned


def test_ordinary_text_stays(known):
    text = "host todo-app-postgresql of user todoapp does not resolve, 3 of 5 pods"
    assert redact(text) == text


def test_a_tree_is_redacted_in_keys_and_values(known):
    assert redact_tree({PASSWORD: [PASSWORD, 3, None]}) == {MARK: [MARK, 3, None]}


def test_lists_and_lines_are_remembered():
    key = "-----BEGIN KEY-----\nMIIEvAIBADANBg\n-----END KEY-----"
    remember({"kind": "SecretList", "items": [{"data": {"tls.key": b64(key)}}]})
    assert "MIIEvAIBADANBg" not in redact("line MIIEvAIBADANBg alone")


def test_binary_and_short_values_do_no_harm():
    remember({"data": {"bin": base64.b64encode(b"\xff\xfe").decode(), "short": b64("no"), "empty": None}})
    assert redact("no news") == "no news"


LONG = "Zk3vQ9mTx7LbW2cR8dHs5JpN4gYf6KuA"


@pytest.mark.parametrize(
    "text",
    [
        LONG[:20] + "...",
        "…" + LONG[-18:],
        b64(LONG)[:30] + "...",
        LONG[:9] + "\n" + LONG[9:],
        f"| {LONG[:16]} |\n| {LONG[16:]} |",
        json.dumps({"v": LONG[:9] + "\n  " + LONG[9:]}),
        "\n".join(b64(LONG * 3)[n : n + 76] for n in range(0, 130, 76)),
        "\n".join(LONG[n : n + 8] for n in range(0, 32, 8)),
    ],
)
def test_a_piece_of_a_value_and_a_broken_one_are_gone(text):
    remember({"data": {"token": b64(LONG), "tripled": b64(LONG * 3)}})
    cleaned = redact(f"before {text} after")
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert MARK in cleaned
    for start in range(0, 17):
        assert LONG[start : start + 16] not in cleaned
        assert b64(LONG)[start : start + 16] not in cleaned


def test_a_binary_value_is_known_by_its_encoded_form():
    encoded = base64.b64encode(bytes(range(200, 250))).decode()
    remember({"data": {"keystore": encoded}})
    assert redact(f"data: {encoded}") == f"data: {MARK}"


def test_the_words_of_a_url_and_of_a_file_stay():
    remember({"data": {"URL": b64(URL), "config": b64("log_level: debug\nlisten_addresses: everywhere")}})
    for text in (
        "todo-app-postgresql.todo-app.svc:5432",
        "postgresql://db:5432/todo",
        "set listen_addresses to *",
    ):
        assert redact(text) == text


def test_credentials_in_a_url_go_even_when_unknown():
    assert mask_urls("redis://:pw@cache:6379/0") == "redis://***@cache:6379/0"
    assert mask_urls("see https://kubernetes.io/docs@home") == "see https://kubernetes.io/docs@home"
