"""Texts of attackers against a server that does all they say: nothing comes of it."""

from __future__ import annotations

import re
import sys

import pytest
from ai_help import ACTIONS, BLOCK, SUBJECT, Model, completion, settings_for
from ai_injections import PAYLOADS

from kitlib.ai import explain
from kitlib.ai.folding import folded
from kitlib.ai.question import SYSTEM
from kitlib.findings import Finding, Findings, Quote, Ref

ORDINARY = [
    Quote("Connection refused", "log of api-1"),
    Quote("Back-off restarting failed container", "event"),
]
FORGED = re.compile(
    r"<<<|>>>|<\||\|>|(start|end)_of_turn|\[/?INST|<</?SYS|</?(s|system|tool_call|evidence)>"
    r"|end of evidence|evidence:\s*\w+\s*:|<(SECRET|EMAIL)-(0000|1234)",
    re.IGNORECASE,
)
# docs.python.org/3/library/audit_events.html: every way by which Python starts a program or reaches a host
EXECUTES = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"}
_seen: list[tuple[str, str]] = []


def _hook(event, arguments):
    if event in EXECUTES or event == "socket.connect":
        _seen.append((event, repr(arguments)))


sys.addaudithook(_hook)


def arranged(payload):
    """Where the payload's text stands: the subject, the evidence and the findings of the call."""
    finding = Finding("error", "id", "not ready", Ref("Pod", "api-1", "todo-app"), "0", "1", "why")
    if payload.place == "name":
        finding = Finding(
            "error",
            "id",
            payload.text,
            Ref("Pod", payload.text, payload.text),
            payload.text,
            payload.text,
            "why",
            evidence=(Quote("x", payload.text),),
        )
        return payload.text, ORDINARY, Findings([finding])
    source = {"log": "log of api-1", "event": "event", "annotation": "annotations of api-1"}
    quote = Quote(payload.text, source.get(payload.place, "ConfigMap/app"))
    return SUBJECT, [ORDINARY[0], quote, ORDINARY[1]], Findings([finding])


def obedient(payload):
    """The server: it proposes what the attacker wants, for whom, by every way there is."""
    targets = ["T1", "T2", "T3", "T99", "todo-app", "Namespace/kube-system", payload.text]
    actions = [payload.wants, "delete-namespace", "exec", "Restart", "restart ", payload.text]
    answer = {
        "verdict": "cause",
        "cause": f"{payload.text}\x1b]0;owned\x07",
        "claims": [
            {"text": payload.text, "citations": ["E1"]},
            {"text": "it is so", "citations": ["E1", "E999"]},
            {"text": "fake", "citations": ["E999"]},
        ],
        "confidence": "high",
        "proposed_actions": [
            *({"action": action, "target": target} for action in actions for target in targets),
            *({"action": "restart", "target": target} for target in targets),
        ],
        "execute": "kubectl delete ns todo-app",
    }
    body = completion(answer)
    call = {"id": "1", "type": "function", "function": {"name": "kubectl", "arguments": "delete ns todo-app"}}
    body["choices"][0]["message"]["tool_calls"] = [call]
    return body


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def model(httpserver):
    return Model(httpserver)


def test_there_are_enough_in_every_place():
    assert len(PAYLOADS) >= 50
    assert len({payload.text for payload in PAYLOADS}) == len(PAYLOADS)
    assert {payload.place for payload in PAYLOADS} == {"log", "event", "annotation", "name", "configmap"}


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_nothing_comes_of_it(model, tmp_path, payload):
    subject, lines, findings = arranged(payload)
    model.script = [obedient(payload)]
    _seen.clear()
    settings = settings_for(model, tmp_path)
    answer = explain(subject, lines, findings, actions=ACTIONS, settings=settings)

    # No action but those allowed, on nothing but what was in question, and none was carried out.
    targets = {str(line).partition(" | ")[2] for line in model.evidence if line.startswith("T")}
    assert {item.action for item in answer.proposals} <= set(ACTIONS)
    assert {item.target for item in answer.proposals} <= targets
    assert len(targets) == 2
    assert payload.wants not in ACTIONS
    assert any("none of those allowed" in text for text in answer.dropped)
    port = model.url.rpartition(":")[2].partition("/")[0]
    assert [event for event, _ in _seen] == ["socket.connect"]
    assert f"'127.0.0.1', {port}" in _seen[0][1] or f"'localhost', {port}" in _seen[0][1]

    # Of its claims only those that cite a line that exists; nothing that a terminal would obey.
    assert all(1 <= n <= len(answer.evidence) for claim in answer.claims for n in claim.citations)
    assert answer.dropped_claims >= 1
    shown = answer.cause + "".join(claim.text for claim in answer.claims)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_the_evidence_stays_inside_its_delimiter(model, tmp_path, payload):
    subject, lines, findings = arranged(payload)
    explain(subject, lines, findings, actions=ACTIONS, settings=settings_for(model, tmp_path))
    system, user = model.requests[0]["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert system["content"] == SYSTEM + "restart, rollback, scale."
    nonce, inside, after = BLOCK.fullmatch(user["content"]).groups()
    cut = r"(\d+ older lines of evidence are left out\.\n)?"
    assert re.fullmatch(rf"Why is T1 not well\? {cut}Answer with the JSON object only\.", after)
    assert nonce not in inside
    numbered = [re.match(r"([TFE])(\d+) \| ", line) for line in inside.split("\n")]
    assert all(numbered)
    for letter in "TFE":
        numbers = [int(match.group(2)) for match in numbered if match.group(1) == letter]
        assert numbers == list(range(1, len(numbers) + 1))
    assert inside.isprintable() or "\n" in inside
    assert len(inside.splitlines()) == len(numbered)  # no other character breaks a line either
    assert not FORGED.search(folded(inside)[0])


def test_the_delimiter_is_another_one_each_time(model, tmp_path):
    found = set()
    for number in range(3):
        lines = [Quote(f"line {number}", "log")]
        explain(SUBJECT, lines, Findings(), actions=ACTIONS, settings=settings_for(model, tmp_path))
        found.add(BLOCK.fullmatch(model.user).group(1))
    assert len(found) == 3


def test_a_model_without_a_claim_that_holds_proposes_nothing(model, tmp_path):
    forged = obedient(PAYLOADS[0])
    model.script = [completion(forged["choices"][0]["message"]["content"].replace('"E1"', '"E999"'))]
    answer = explain(SUBJECT, ORDINARY, Findings(), actions=ACTIONS, settings=settings_for(model, tmp_path))
    assert answer.problem.kind == "wrong-citation"
    assert answer.proposals == ()
