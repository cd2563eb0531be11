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


def test_credentials_in_a_url_go_even_when_unknown():
    assert mask_urls("redis://:pw@cache:6379/0") == "redis://***@cache:6379/0"
    assert mask_urls("see https://kubernetes.io/docs@home") == "see https://kubernetes.io/docs@home"
