"""What a real server and model answered, replayed; `KIT_AI_RECORD=1 make test-model` renews it.

The server is llama-cpp-python's, the model Gemma 3 with 270 million parameters: too small to be right.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ai_cases import ACTIONS, CASES, SUBJECT
from ai_help import Model, settings_for
from werkzeug import Response

from kitlib.ai import client, explain

RECORDED = Path(__file__).parent / "ai_recordings"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_each_case_is_recorded():
    assert {path.stem for path in RECORDED.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_exchange(httpserver, tmp_path, name):
    exchange = json.loads((RECORDED / f"{name}.json").read_text())
    model = Model(httpserver)
    model.script = [
        Response(item["body"], item["status"], content_type="application/json")
        for item in exchange["responses"]
    ]
    case = CASES[name]
    settings = settings_for(model, tmp_path, ai_redact_ips=True)
    answer = explain(SUBJECT, case.lines, case.findings, actions=ACTIONS, settings=settings)
    assert len(model.bodies) == len(exchange["responses"])
    formats = [request.get("response_format", {}).get("type") for request in model.requests]
    assert formats == exchange["formats"]
    told = {
        "problem": answer.problem.kind if answer.problem else "",
        "verdict": answer.verdict,
        "claims": [list(claim.citations) for claim in answer.claims],
        "dropped": answer.dropped_claims,
        "proposals": [str(item) for item in answer.proposals],
        "tokens": [answer.usage.tokens_in, answer.usage.tokens_out],
    }
    assert told == exchange["told"]
