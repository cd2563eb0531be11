"""Asking a model over real HTTP: what holds is told, what fails is a value."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

import openai  # noqa: F401  the first import takes seconds, which are no part of a timeout
import pytest
from ai_help import ACTIONS, KEY, SUBJECT, Model, completion, failure, good, settings_for
from werkzeug import Response

from kitlib.ai import client, explain
from kitlib.ai.answer import Claim, Proposal
from kitlib.findings import Finding, Findings, Quote, Ref

pytestmark = pytest.mark.slow

LONG = 60  # seconds, on however busy a machine
LINES = [
    Quote("could not connect to server: Connection refused", "log of api-1, container api"),
    Quote("Back-off restarting failed container", "event"),
]
FOUND = Findings(
    [
        Finding(
            "error",
            "no-endpoints",
            "no ready pod",
            Ref("StatefulSet", "postgres", "todo-app"),
            "0 ready",
            "1 ready",
            "why",
            evidence=(Quote("readyReplicas: 0", "status of postgres"),),
        )
    ]
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def model(httpserver):
    return Model(httpserver)


@pytest.fixture
def patience():
    """How long the server stays silent: until the test is over."""
    over = threading.Event()
    yield over
    over.set()


@pytest.fixture
def ask(model, tmp_path):
    def asked(lines=LINES, findings=FOUND, actions=ACTIONS, **changes):
        return explain(
            SUBJECT, lines, findings, actions=actions, settings=settings_for(model, tmp_path, **changes)
        )

    return asked


def test_an_answer_that_holds(ask, model):
    model.script = [good(claims=[{"text": 'postgres has "readyReplicas: 0"', "citations": ["E1", "E2"]}])]
    answer = ask(ai_price_in=2, ai_price_out=10)
    assert answer.problem is None
    assert answer.verdict == "cause"
    assert answer.claims == (Claim('postgres has "readyReplicas: 0"', (1, 2)),)
    assert answer.line(1).text == "readyReplicas: 0"
    assert answer.proposals == (Proposal("restart", SUBJECT),)
    assert answer.usage.cost == pytest.approx(0.004)
    assert "1000 tokens in, 200 out, cost 0.004" in str(answer.usage)


def test_what_is_sent(ask, model):
    ask()
    request = model.requests[0]
    assert request["response_format"]["json_schema"]["strict"] is True
    assert "tools" not in request
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in model.bodies[0]
    assert not {"X-Stainless-Os", "X-Stainless-Arch", "X-Stainless-Runtime-Version"} & set(model.headers[0])


def test_what_is_meant_for_openai_does_not_go_elsewhere(ask, model, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "meant-for-openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert ask().problem is None
    assert "meant-for-openai" not in str(model.headers[0])


def test_the_lines_of_a_question(ask, model):
    ask()
    request = model.requests[0]
    assert model.evidence == [
        "T1 | Deployment/api -n todo-app",
        "T2 | StatefulSet/postgres -n todo-app",
        "F1 | no ready pod (StatefulSet/postgres -n todo-app): found 0 ready, expected 1 ready",
        "E1 | status of postgres | readyReplicas: 0",
        "E2 | log of api-1, container api | could not connect to server: Connection refused",
        "E3 | event | Back-off restarting failed container",
    ]
    schema = request["response_format"]["json_schema"]["schema"]
    action = schema["properties"]["proposed_actions"]["items"]["properties"]
    assert action == {
        "action": {"type": "string", "enum": list(ACTIONS)},
        "target": {"type": "string", "enum": ["T1", "T2"]},
    }


def test_insufficient_evidence_is_an_answer(ask, model):
    model.script = [
        good(verdict="insufficient-evidence", cause="maybe", claims=[], confidence="low", proposed_actions=[])
    ]
    answer = ask()
    assert (answer.problem, answer.verdict, answer.cause) == (None, "insufficient-evidence", "")


def test_no_model_is_set(tmp_path, monkeypatch):
    from kitlib.settings import load_settings

    monkeypatch.setenv("OPENAI_API_KEY", "sk-only-a-key-is-not-a-wish")
    answer = explain(SUBJECT, LINES, FOUND, actions=ACTIONS, settings=load_settings(state_dir=tmp_path))
    assert answer.problem.kind == "no-model"
    assert answer.problem.message == "no model is set"
    assert "KIT_AI_MODEL" in answer.problem.fix
    assert not list(tmp_path.iterdir())


def test_nobody_listens(ask):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        answer = ask(ai_base_url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    assert answer.problem.kind == "unreachable"
    assert "no connection" in answer.problem.message
    assert answer.verdict == "insufficient-evidence"


def test_a_server_that_does_not_answer_in_time(ask, model, patience):
    def slow(request):
        patience.wait(LONG)
        return good()

    model.script = [slow]
    started = time.monotonic()
    answer = ask(ai_timeout=1)
    assert time.monotonic() - started < LONG
    assert answer.problem.kind == "slow"
    assert "1 s" in answer.problem.message
    assert len(model.bodies) <= 1


def test_a_server_that_answers_drop_by_drop(ask, model, patience):
    def drops():
        while not patience.wait(0.1):
            yield b" "

    model.script = [lambda request: Response(drops(), 200, content_type="application/json")]
    answer = ask(ai_timeout=1)  # each drop comes within it; without a deadline for all this would not end
    assert answer.problem.kind == "slow"


def test_a_server_that_stops_within_its_answer(ask, model, patience):
    def halts():
        yield b'{"choices": '
        patience.wait(LONG)

    model.script = [lambda request: Response(halts(), 200, content_type="application/json")]
    started = time.monotonic()
    assert ask(ai_timeout=1).problem.kind == "slow"
    assert time.monotonic() - started < LONG


@pytest.mark.parametrize("headers", [{"Content-Length": "5000"}, {"Content-Encoding": "gzip"}])
def test_a_connection_that_breaks_within_an_answer(ask, model, headers):
    def broken(request):
        return Response(iter([b'{"choices": ']), 200, headers)

    model.script = [broken]
    answer = ask()
    assert answer.problem.kind == "unreachable"
    assert len(model.bodies) == 3
    model.script = [broken, good()]
    assert ask().problem is None


def test_half_a_character_in_an_answer_does_no_harm(ask, model):
    model.script = [json.dumps(good(cause="all \ud800 down"), ensure_ascii=False)]
    assert ask().cause == "all ? down"
    assert ask().cached
    model.script = [good(cause="none \ud800 left")]
    assert ask(LINES[1:]).cause == "none  left"


@pytest.mark.parametrize(
    "item",
    [
        "I think the database is down.",
        "",
        good(verdict="maybe"),
        {key: value for key, value in good().items() if key != "claims"},
        good(claims=[{"text": "x"}]),
        good(cause="…"),
        good(cause=" "),
        '{"verdict": "cause", "cause": "x',
        {"choices": []},
        {"choices": [{"message": {"content": None, "tool_calls": [{"function": {"name": "kubectl"}}]}}]},
        Response("<html>login</html>", 200),
        Response("[" * 50_000, 200),
        Response('{"choices": 3}', 200),
        "{" * 500_000,
    ],
    ids=range(14),
)
def test_wrong_schema(ask, model, item):
    model.script = [item]
    answer = ask()
    assert answer.problem.kind == "wrong-schema"
    assert answer.claims == ()
    assert answer.proposals == ()


def test_a_server_that_counts_no_tokens(ask, model):
    model.script = [completion(good(), usage=["?"])]
    answer = ask(ai_price_in=1, ai_price_out=1)
    assert (answer.usage.tokens_in, answer.usage.cost) == (None, None)
    assert "does not say" in str(answer.usage)


def test_an_answer_without_end(ask, model):
    model.script = [Response(b"x" * 1_500_000, 200)]
    assert "more than 1000000 bytes" in ask().problem.message


def test_an_answer_that_was_cut_off(ask, model):
    body = json.loads(json.dumps({"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}))
    model.script = [body]
    assert "KIT_AI_ANSWER_TOKENS" in ask().problem.message


@pytest.mark.parametrize(
    "claim",
    [
        {"text": "it is so", "citations": []},
        {"text": "it is so", "citations": ["E4"]},
        {"text": "it is so", "citations": ["E0"]},
        {"text": "it is so", "citations": ["E99999999999999999999"]},
        {"text": "it is so", "citations": ["the log"]},
        {"text": "it is so", "citations": ["F1"]},
        {"text": 'it says "disk full"', "citations": ["E2"]},
        {"text": "it says `Connection refused`", "citations": ["E3"]},
        {"text": "it says “Connection … denied”", "citations": ["E2"]},
        {"text": "  ", "citations": ["E2"]},
        {"text": "…", "citations": ["E2"]},
    ],
)
def test_a_claim_that_does_not_hold_is_dropped_and_counted(ask, model, claim):
    kept = {"text": "it says 'Connection … refused'", "citations": ["E2", "E77"]}
    model.script = [good(claims=[claim, kept])]
    answer = ask()
    assert answer.problem is None
    assert [item.citations for item in answer.claims] == [(2,)]
    assert answer.dropped_claims == 1
    assert len(answer.dropped) == 2


def test_a_cause_without_a_claim_that_holds_does_not_count(ask, model):
    model.script = [good(claims=[{"text": "it is so", "citations": ["E9"]}])]
    answer = ask()
    assert answer.problem.kind == "wrong-citation"
    assert "E9" in answer.problem.message
    assert (answer.verdict, answer.cause, answer.proposals) == ("insufficient-evidence", "", ())


def test_actions_and_targets_that_were_not_given_are_dropped(ask, model):
    wanted = [
        {"action": "delete-namespace", "target": "T1"},
        {"action": "Restart", "target": "T1"},
        {"action": "restart", "target": "Deployment/coredns -n kube-system"},
        {"action": "restart", "target": "T3"},
        {"action": "scale", "target": "T2"},
        {"action": "restart", "target": SUBJECT},
    ]
    model.script = [good(proposed_actions=wanted)]
    answer = ask()
    assert answer.proposals == (
        Proposal("scale", "StatefulSet/postgres -n todo-app"),
        Proposal("restart", SUBJECT),
    )
    assert len(answer.dropped) == 4


def test_without_allowed_actions_none_is_proposed(ask, model):
    model.script = [good(proposed_actions=[{"action": "none", "target": "T1"}])]
    assert ask(actions=()).proposals == ()


def test_a_quota_that_is_used_up_is_not_asked_again(ask, model):
    model.script = [failure(429, "You exceeded your current quota", "insufficient_quota")]
    answer = ask()
    assert answer.problem.kind == "quota"
    assert "used up" in answer.problem.message
    assert len(model.bodies) == 1


def test_too_many_requests_wait_as_long_as_the_server_says(ask, model):
    model.script = [failure(429, "slow down", **{"Retry-After": "0.3"}), good()]
    started = time.monotonic()
    assert ask().problem is None
    assert time.monotonic() - started > 0.3


def test_too_many_requests_all_the_time(ask, model):
    model.script = [failure(429, "slow down")]
    answer = ask()
    assert answer.problem.kind == "quota"
    assert len(model.bodies) == 3


def test_a_server_that_asks_to_wait_longer_than_there_is_time(ask, model):
    model.script = [failure(429, "slow down", **{"Retry-After": "3600"})]
    started = time.monotonic()
    assert ask(ai_timeout=LONG).problem.kind == "quota"
    assert time.monotonic() - started < LONG


def test_an_error_of_the_server_and_then_an_answer(ask, model):
    model.script = [failure(500, "oops"), failure(503, "busy"), good()]
    answer = ask()
    assert answer.problem is None
    assert len(model.bodies) == 3


def test_errors_of_the_server_only(ask, model):
    model.script = [failure(500, "oops\x1b[31m")]
    answer = ask()
    assert answer.problem.kind == "server-error"
    assert "HTTP 500" in answer.problem.message
    assert "\x1b" not in answer.problem.message


@pytest.mark.parametrize(
    ("status", "said"), [(401, "KIT_AI_KEY"), (403, "KIT_AI_KEY"), (404, "no such model")]
)
def test_a_refusal_is_told_and_not_repeated(ask, model, status, said):
    model.script = [failure(status, f"no: {KEY}")]
    answer = ask()
    assert answer.problem.kind == "refused"
    assert said in answer.problem.message
    assert KEY not in answer.problem.message
    assert len(model.bodies) == 1


def test_a_redirect_is_not_followed(ask, model, httpserver):
    other = Model(httpserver)
    model.script = [Response("", 307, {"Location": f"{other.url}/chat/completions"})]
    assert ask().problem.kind == "refused"
    assert other.bodies == []


@pytest.mark.parametrize("key", ["ключ-ключ-ключ", "a-key-with\x00in-it", "two\nlines-of-a-key"])
def test_a_key_that_cannot_be_one_is_told_and_not_sent(ask, model, key):
    answer = ask(ai_key=key)
    assert answer.problem.message.endswith("its key, from KIT_AI_KEY, has characters that no key has")
    assert model.bodies == []


def test_a_key_with_a_line_break_at_its_end(ask, model):
    ask(ai_key=f"{KEY}\n")
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_the_second_model_is_asked_when_the_first_has_no_answer_that_holds(ask, model, httpserver):
    second = Model(httpserver)
    model.script = ["no JSON"]
    answer = ask(ai=[{"base_url": second.url, "model": "other"}])
    assert answer.problem is None
    assert answer.model.startswith("other at ")
    assert answer.failed[0].startswith(f"m at {model.url}: it answered with something else")
    assert "Bearer none" in second.headers[0]["Authorization"]


def test_when_all_fail_each_is_told(ask, model, httpserver):
    second = Model(httpserver)
    model.script, second.script = [failure(401, "no")], [failure(500, "oops")]
    answer = ask(ai=[{"base_url": second.url, "model": "other"}])
    assert "m at " in answer.problem.message
    assert "other at " in answer.problem.message


def test_a_variable_without_a_key_passes_to_the_next(ask, model, httpserver, monkeypatch):
    monkeypatch.setenv("SECOND_KEY", "a-key-in-a-variable")
    second = Model(httpserver)
    tables = [
        {"base_url": model.url, "model": "a", "key_env": "NOT_SET_ANYWHERE"},
        {"base_url": second.url, "model": "b", "key_env": "SECOND_KEY"},
    ]
    answer = ask(ai=tables, ai_model="")
    assert "NOT_SET_ANYWHERE" in answer.failed[0]
    assert model.bodies == []
    assert second.headers[0]["Authorization"] == "Bearer a-key-in-a-variable"


def test_a_server_that_knows_no_schema_is_asked_for_an_object_and_then_for_text(ask, model):
    def picky(request):
        if "response_format" in request:
            return failure(400, f"response_format {request['response_format']['type']} is not supported")
        return f"<think>{{}}</think>Here it is:\n```json\n{json.dumps(good())}\n```"

    model.script = [picky]
    assert ask().problem is None
    formats = [request.get("response_format", {}) for request in model.requests]
    assert [item.get("type") for item in formats] == ["json_schema", "json_object", "json_object", None]
    assert formats[1]["schema"] == formats[0]["json_schema"]["schema"]
    assert "schema" not in formats[2]


def test_a_server_that_calls_an_unknown_format_its_own_error(ask, model):
    said = "{'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text' or 'json_object'\"}"
    model.script = [failure(500, said), good()]
    assert ask().problem is None
    assert [request["response_format"]["type"] for request in model.requests] == [
        "json_schema",
        "json_object",
    ]


def test_a_server_that_knows_other_parameters(ask, model):
    def picky(request):
        for name in ("max_tokens", "temperature"):
            if name in request:
                return failure(400, f"Unsupported parameter: '{name}'", "unsupported_parameter")
        return good()

    model.script = [picky]
    assert ask().problem is None
    assert model.requests[-1]["max_completion_tokens"] == 1200
    assert model.requests[-1]["response_format"]["type"] == "json_schema"


def test_a_question_that_is_too_long_for_the_model(ask, model):
    model.script = [failure(400, "maximum context length is 512 tokens", "context_length_exceeded")]
    answer = ask()
    assert "KIT_AI_TOKEN_BUDGET" in answer.problem.fix
    assert len(model.bodies) == 1


def test_the_same_question_is_not_sent_again(ask, model):
    first, second = ask(ai_price_in=1, ai_price_out=1), ask(ai_price_in=1, ai_price_out=1)
    assert len(model.bodies) == 1
    assert (first.cached, second.cached) == (False, True)
    assert second.cause == first.cause
    assert second.claims == first.claims
    assert second.usage.cost == 0


@pytest.mark.parametrize(
    "change", [{"ai_model": "n"}, {"lines": LINES[:1]}, {"actions": ("scale",)}, {"findings": Findings()}]
)
def test_another_question_is_sent(ask, model, change):
    ask()
    ask(**change)
    assert len(model.bodies) == 2


def test_an_answer_that_does_not_hold_is_not_kept(ask, model):
    model.script = ["nonsense", good()]
    assert ask().problem
    assert ask().problem is None


def test_a_disk_that_cannot_be_written_to_loses_no_answer(ask, tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert ask().problem is None


def test_without_a_place_for_the_key_nothing_is_sent(ask, model, tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")
    assert ask([Quote("mail to bob@example.com", "log")]).problem.kind == "withheld"
    assert model.bodies == []


def test_kitlib_ai_does_not_load_the_client_before_it_asks():
    code = "import sys, kitlib.ai, kitlib.cli.ai; print('openai' in sys.modules, 'kubernetes' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "False"]
