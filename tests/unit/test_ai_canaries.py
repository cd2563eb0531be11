"""Canaries: secrets in many forms, looked for in the very bytes that the server got. None may be there."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from ai_help import ACTIONS, SUBJECT, Model, settings_for

from kitlib import redaction
from kitlib.ai import explain
from kitlib.findings import Finding, Findings, Quote, Ref
from kitlib.redaction import remember

VALUE = "Zk3vQ9mT-x7LbW2cR8dHs5"  # in a Secret that kit has read
PHRASE = "correct horse battery staple"  # too
BODY = "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC7VJTUt9Us8cKj"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r"
PEM = f"-----BEGIN PRIVATE KEY-----\n{BODY}\nQ2FuYXJ5Q2FuYXJ5\n-----END PRIVATE KEY-----"
SSH = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABFwAAAAdz"
PLAIN = "Tr0ub4dor&3"


def b64(text):
    return base64.b64encode(text.encode()).decode()


# What it is: the text, and the pieces of it that may not leave.
CANARIES = {
    # values of Secrets that were read
    "value": (f"using {VALUE} now", [VALUE]),
    "value in base64": (f"data: {b64(VALUE)}", [b64(VALUE).rstrip("=")]),
    "value in base64 of more": (b64(f"key={VALUE};"), [b64(f"key={VALUE};")[8:24]]),
    "value in a URL": (f"GET /?q={quote(PHRASE)}", [quote(PHRASE)]),
    "value in a form": (f"body q={quote_plus(PHRASE)}", [quote_plus(PHRASE)]),
    "value in JSON": (json.dumps({"v": PHRASE}), [PHRASE]),
    "value cut off": (f"got {VALUE[:18]}...", [VALUE[:16]]),
    "value over two lines": (f"{VALUE[:11]}\n{VALUE[11:]}", [VALUE[:11], VALUE[11:]]),
    "value with colours": (f"{VALUE[:5]}\x1b[31m{VALUE[5:]}", [VALUE[5:], VALUE]),
    "value with zero-width spaces": ("\u200b".join(VALUE), [VALUE, "\u200b".join(VALUE)]),
    "value in full-width letters": ("".join(chr(ord(c) + 0xFEE0) for c in VALUE), ["Ｚｋ３", VALUE]),
    # keys and certificates
    "PEM": (PEM, [BODY, "Q2FuYXJ5Q2FuYXJ5"]),
    "PEM in JSON": (json.dumps({"private_key": PEM}), [BODY, "Q2FuYXJ5Q2FuYXJ5"]),
    "PEM without its end": (PEM[:80], [BODY[:40]]),
    "PEM without its head": ("\n".join(PEM.split("\n")[1:]), [BODY, "Q2FuYXJ5Q2FuYXJ5"]),
    "PEM's middle alone": (BODY, [BODY]),
    "PEM in base64": (f"client-key-data: {b64(PEM)}", [b64(PEM)[:40], b64(PEM)[60:100]]),
    "OpenSSH key": (f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SSH}\nshort==\n", [SSH, "short=="]),
    "PEM with Windows' line ends": (PEM.replace("\n", "\r\n"), [BODY, "Q2FuYXJ5Q2FuYXJ5"]),
    # tokens
    "JWT": (f"got {JWT}", [JWT[20:50], JWT[-20:]]),
    "JWT without a signature": ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.", ["eyJzdWIiOiJjYW5hcnkifQ"]),
    "AWS key id": ("key AKIAIOSFODNN7EXAMPLE used", ["AKIAIOSFODNN7EXAMPLE"]),
    "AWS secret": (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ["wJalrXUtnFEMI", "bPxRfiCYEXAMPLEKEY"],
    ),
    "GitHub": ("clone with ghp_1234567890abcdefghijABCDEFGHIJ123456", ["ghp_1234567890"]),
    "GitHub, fine-grained": ("github_pat_11ABCDEFG0abcdefghijkl_mnop", ["github_pat_11", "mnop"]),
    "GitLab": ("glpat-abcDEF1234567890xyzw", ["abcDEF1234567890"]),
    "Slack": ("posting as xoxb-123456789012-abcdefGHIJ", ["123456789012", "abcdefGHIJ"]),
    "Slack webhook": ("https://hooks.slack.com/services/T000/B000/XXXXcanary", ["T000/B000", "XXXXcanary"]),
    "OpenAI": ("sk-proj-abcdefghijklmnop1234567890", ["abcdefghijklmnop"]),
    "Anthropic": ("sk-ant-api03-abcdefghijklmnop_12-34", ["abcdefghijklmnop"]),
    "Google API key": ("AIzaSyA1234567890abcdefghijklmnopqrstuv", ["SyA1234567890"]),
    "Google OAuth": ("ya29.a0AfH6SMBcanary-canary_canary", ["a0AfH6SMBcanary"]),
    "Stripe": ("sk_" + "live_51canarycanarycanary", ["51canarycanary"]),
    "npm": ("npm_abcdefghijklmnopqrstuvwxyz0123456789", ["abcdefghijklmnop"]),
    "Vault": ("token hvs.CAESIcanarycanarycanary", ["CAESIcanary"]),
    "an unknown opaque token": (
        "id Xy7Kq2Wn9Rb4Tz8Vm3Jc6Hd1Gf5Ls0Pa2Ue4Io7",
        ["Xy7Kq2Wn9Rb4", "Ls0Pa2Ue4Io7"],
    ),
    # headers
    "bearer": ("Authorization: Bearer abc.def-canary", ["abc.def-canary"]),
    "basic": (f"> authorization: basic {b64('canary:pw')}", [b64("canary:pw")]),
    "bearer in a dump": ("{'Authorization': 'Bearer opaque-canary-1'}", ["opaque-canary-1"]),
    "bearer in curl": ('curl -H "Authorization: Token canary0123" http://api', ["canary0123"]),
    "cookie": ("Set-Cookie: session=s%3Acanary.canary; HttpOnly", ["s%3Acanary", "canary.canary"]),
    "API key header": ("X-Api-Key: canary-value-77", ["canary-value-77"]),
    "curl's user": ("curl -u admin:canary7! https://db", ["canary7!"]),
    # credentials in addresses
    "URL": (f"postgresql://todo:{quote(PLAIN)}@db:5432/todo", [quote(PLAIN)]),
    "URL with a strange password": ("amqp://u:p@ss/w0rd-canary@mq:5672", ["ss/w0rd-canary", "w0rd-canary"]),
    "URL without a user": ("redis://:canary-pw@cache:6379/0", ["canary-pw"]),
    "URL in a URL": (f"?next={quote('https://u:canarypw@h/x', safe='')}", ["canarypw"]),
    "JDBC": ("jdbc:postgresql://db/todo?user=todo&password=canary99", ["canary99"]),
    "ODBC": ("Server=db;Uid=sa;Pwd=canary-88;", ["canary-88"]),
    "SAS": ("https://x.blob.core.windows.net/c?sv=1&sig=canary%2Bsig%3D", ["canary%2Bsig"]),
    "Azure": ("AccountName=x;AccountKey=canary/key+99==;EndpointSuffix=y", ["canary/key+99"]),
    "presigned": ("https://s3/x?X-Amz-Signature=0123canary4567", ["0123canary4567"]),
    # assignments
    "environment": (f"DB_PASSWORD={PLAIN}", [PLAIN]),
    "YAML": (f"    postgres-password: {PLAIN}", [PLAIN]),
    "YAML with quotes": ('  apiKey: "has blanks in it"', ["has blanks"]),
    "JSON": ('{"client_secret":"canary-1","x":1}', ["canary-1"]),
    "JSON in JSON": (json.dumps(json.dumps({"token": "canary-2"})), ["canary-2"]),
    "option": ("args: [--redis-password, x] --password canary-3", ["canary-3"]),
    "option with =": ("--admin-token=canary-4 --v=2", ["canary-4"]),
    "list of arguments": ('args: ["--password", "canary-11", "-v"]', ["canary-11"]),
    "variable as YAML": ("- name: DB_PASSWORD\n  value: canary-12", ["canary-12"]),
    "variable as JSON": ('{"name":"API_TOKEN","value":"canary 13"}', ["canary 13"]),
    "variable in Go": ("v1.EnvVar{Name:DB_PASSWORD, Value:canary-14, ValueFrom:nil}", ["canary-14"]),
    "sentence": ('login failed: password "canary-5" is wrong', ["canary-5"]),
    "SQL": ("ALTER USER x IDENTIFIED BY 'canary-6'", ["canary-6"]),
    "mysql": ("mysqldump -h db -uroot -pcanary-7 todo", ["canary-7"]),
    "capitals and full width": ("ＰＡＳＳＷＯＲＤ：canary-8", ["canary-8"]),
    "Cyrillic look-alike": ("pаsswоrd=canary-9", ["canary-9"]),
    "pull secret": (json.dumps({"auths": {"r.io": {"auth": b64("bob:canary")}}}), [b64("bob:canary")]),
    "told once, then alone": (f"PASSWORD={PLAIN}\nthen {PLAIN} was refused", [PLAIN]),
    "base64 of an assignment": (b64("DB_PASSWORD=canary-10"), [b64("DB_PASSWORD=canary-10")]),
    # addresses
    "e-mail": ("mail to canary.bird+x@example.co.uk now", ["canary.bird", "example.co.uk"]),
    "e-mail in a URL": ("?user=canary%40example.com", ["canary%40", "example.com"]),
    "e-mail with an umlaut": ("kanärie@müller.example", ["kanärie", "müller"]),
    "IPv4": ("dial tcp 203.0.113.77:5432: refused", ["203.0.113.77"]),
    "IPv6": ("dial tcp [2001:db8::77]:5432: refused", ["2001:db8::77"]),
}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    for name, empty in (("_known", set()), ("_pieces", set()), ("_pattern", None)):
        monkeypatch.setattr(redaction, name, empty)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    remember({"kind": "Secret", "data": {"a": b64(VALUE), "b": b64(PHRASE)}})


@pytest.fixture
def model(httpserver):
    return Model(httpserver)


def forms(text):
    """What a piece may look like in a body of JSON."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def assert_none_left(model, pieces):
    assert len(model.bodies) == 1
    sent = model.bodies[0] + json.dumps(model.requests[0], ensure_ascii=False)
    sent += json.dumps(model.headers[0] | {"Authorization": ""})
    for piece in pieces:
        for form in forms(piece):
            assert form not in sent, model.evidence


def test_there_are_enough():
    assert len(CANARIES) >= 60


@pytest.mark.parametrize("name", CANARIES)
def test_a_canary_does_not_leave_in_a_log(model, tmp_path, name):
    text, pieces = CANARIES[name]
    settings = settings_for(model, tmp_path, ai_redact_ips=True)
    lines = [
        Quote("before", "log"),
        *(Quote(line, "log") for line in text.split("\n")),
        Quote("after", "log"),
    ]
    answer = explain(SUBJECT, lines, Findings(), actions=ACTIONS, settings=settings)
    assert answer.problem is None
    assert sum(answer.redacted.values()) > 0
    assert_none_left(model, pieces)
    assert [model.evidence[1], model.evidence[-1]] == [
        "E1 | log | before",
        f"E{len(model.evidence) - 1} | log | after",
    ]


def test_no_canary_leaves_from_anywhere(model, tmp_path):
    """All at once: as the evidence of a finding, as its words, as a source, as a name."""
    settings = settings_for(model, tmp_path, ai_redact_ips=True, ai_token_budget=200_000)
    found = Findings(
        Finding("error", "id", text, Ref("Pod", text, text), text, text, "why", evidence=(Quote(text, text),))
        for text, _ in CANARIES.values()
    )
    lines = [Quote(text, "log") for text, _ in CANARIES.values()]
    explain(CANARIES["environment"][0], lines, found, actions=ACTIONS, settings=settings)
    assert_none_left(model, [piece for _, pieces in CANARIES.values() for piece in pieces])


def test_nothing_of_them_is_written_down(model, tmp_path):
    settings = settings_for(model, tmp_path, ai_redact_ips=True, ai_token_budget=200_000)
    lines = [Quote(line, "log") for text, _ in CANARIES.values() for line in text.split("\n")]
    explain(SUBJECT, lines, Findings(), actions=ACTIONS, settings=settings)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".key"}
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
    written = "".join(path.read_text() for path in files if path.suffix == ".json")
    for _, pieces in CANARIES.values():
        for piece in pieces:
            assert not [form for form in forms(piece) if form in written]
