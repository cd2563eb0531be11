"""The settings, the budget, the report of each call, and how an answer looks."""

from __future__ import annotations

import json

import pytest
from ai_help import ACTIONS, KEY, SUBJECT, Model, failure, good, settings_for
from rich.console import Console
from typer.testing import CliRunner

from kitlib.ai import Answer, Problem, client, endpoints, explain, records
from kitlib.ai.boundary import Boundary
from kitlib.ai.files import keep_newest, write_private
from kitlib.ai.question import compose, estimate
from kitlib.ai.status import status
from kitlib.cli.app import app
from kitlib.errors import SettingsError
from kitlib.findings import Finding, Findings, Quote, Ref
from kitlib.settings import get_settings, load_settings

pytestmark = pytest.mark.slow

LINES = [Quote("could not connect as a@example.com with TOKEN=Tr0ub4dor", "log of api-1")]


@pytest.fixture(autouse=True)
def no_key(monkeypatch, tmp_path):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(httpserver):
    return Model(httpserver)


def asked(model, tmp_path, lines=LINES, **changes):
    settings = settings_for(model, tmp_path, **changes)
    return explain(SUBJECT, lines, Findings(), actions=ACTIONS, settings=settings), settings


def finding(text, *quotes):
    ref = Ref("Pod", "api-1", "todo-app")
    return Finding(
        "error", "id", text, ref, "0", "1", "why", evidence=tuple(Quote(q, "status") for q in quotes)
    )


# settings


def test_variables_name_a_model(monkeypatch):
    monkeypatch.setenv("KIT_AI_BASE_URL", "http://localhost:11434/v1")
    monkeypatch.setenv("KIT_AI_MODEL", "llama3")
    (found,) = endpoints(load_settings())
    assert (found.base_url, found.model, found.key, found.key_from) == (
        "http://localhost:11434/v1",
        "llama3",
        "",
        "no key",
    )
    monkeypatch.setenv("OPENAI_API_KEY", "from-openai-variable")
    assert endpoints(load_settings())[0].key_from == "OPENAI_API_KEY"
    monkeypatch.setenv("KIT_AI_KEY", "from-kit-variable")
    assert endpoints(load_settings())[0].key == "from-kit-variable"


def test_a_model_without_an_address_is_openais():
    assert endpoints(load_settings(ai_model="m"))[0].base_url == "https://api.openai.com/v1"


def test_kit_toml_names_models_in_order(monkeypatch, tmp_path):
    (tmp_path / "kit.toml").write_text(
        '[[ai]]\nbase_url = "https://a.example/v1"\nmodel = "a"\nkey_env = "A_KEY"\n'
        "price_in = 0.5\nprice_out = 1.5\n"
        '[[ai]]\nbase_url = "http://b.example/v1"\nmodel = "b"\nkey = "the-key-of-b-12345"\n'
    )
    monkeypatch.setenv("A_KEY", "the-key-of-a-12345")
    monkeypatch.setenv("KIT_AI_MODEL", "first")
    found = endpoints(load_settings())
    assert [item.model for item in found] == ["first", "a", "b"]
    assert [item.key for item in found] == ["", "the-key-of-a-12345", "the-key-of-b-12345"]
    assert found[1].cost(1_000_000, 2_000_000) == 3.5
    assert found[2].cost(1, 1) is None
    assert "the-key" not in repr(found)
    assert "the-key" not in repr(load_settings())


@pytest.mark.parametrize(
    "table",
    [
        {"base_url": "https://a/v1", "key": KEY},
        {"base_url": "https://a/v1", "model": "m", "kee": KEY},
        {"base_url": "https://a/v1", "model": "m", "key": [KEY]},
        KEY,
    ],
)
def test_a_wrong_table_is_told_without_its_key(table):
    with pytest.raises(SettingsError) as error:
        load_settings(ai=[table])
    assert KEY not in str(error.value)
    assert "ai.0" in str(error.value)


@pytest.mark.parametrize("address", ["ftp://a", "http://", "http://[::", "http://a:99999", "a", "http://a b"])
def test_a_wrong_address_is_shown(address):
    for told in ({"ai": [{"base_url": address, "model": "m"}]}, {"ai_base_url": address}):
        with pytest.raises(SettingsError) as error:
            load_settings(**told)
        assert repr(address) in str(error.value) or "ai_base_url" in str(error.value)


# the budget


def composed(tmp_path, lines, findings, tokens):
    boundary = Boundary(tmp_path / "key")
    return compose(SUBJECT, lines, Findings(findings), boundary, actions=ACTIONS, tokens=tokens)


def test_what_rules_quote_stays_and_then_what_is_newest(tmp_path):
    lines = [Quote(f"line {number} {'x' * 40}", "log") for number in range(1000)]
    question = composed(tmp_path, lines, [finding("not ready", "exit code 137")], 1500)
    texts = [line.text for line in question.lines]
    assert texts[0] == "exit code 137"
    numbers = [int(text.split()[1]) for text in texts[1:]]
    assert numbers == list(range(1001 - len(texts), 1000))
    assert question.cut == 1001 - len(texts)
    sent = "".join(message["content"] for message in question.messages())
    assert 1300 < estimate(sent) <= 1500
    assert f"{question.cut} older lines of evidence are left out" in sent


def test_a_budget_too_small_for_the_rules_quotes_cuts_them_too(tmp_path):
    question = composed(tmp_path, [], [finding("x", *(f"quote {n} {'y' * 80}" for n in range(100)))], 1200)
    assert 0 < len(question.lines) < 100
    assert question.cut == 100 - len(question.lines)


def test_a_line_is_sent_once(tmp_path):
    lines = [Quote("same", "status"), Quote("same", "status"), Quote("same", "log"), Quote("\n \n", "log")]
    question = composed(tmp_path, lines, [finding("x", "same")], 2000)
    assert [(line.text, line.source) for line in question.lines] == [("same", "status"), ("same", "log")]
    assert question.cut == 0


def test_megabytes_of_a_log_are_bounded(tmp_path):
    lines = [Quote("z" * 1000, f"log {number}") for number in range(5000)]
    question = composed(tmp_path, lines, [], 3000)
    assert question.cut == 5000 - len(question.lines)
    assert question.lines[-1].source == "log 4999"


# the report


def test_the_report_says_what_was_sent(model, tmp_path):
    model.script = [failure(500, "x"), good()]
    answer, settings = asked(model, tmp_path, ai_price_in=1, ai_price_out=2)
    report = records.last(settings)
    assert report.messages == model.requests[-1]["messages"]
    assert report.asked[0].bytes == sum(len(body.encode()) for body in model.bodies)
    assert report.asked[0].requests == 2
    assert report.redacted == answer.redacted == {"EMAIL": 1, "CREDENTIAL": 1}
    text = "\n".join(report.lines())
    for piece in (model.user, "hidden: 1 CREDENTIAL, 1 EMAIL", "cost 0.0014", "2 requests", model.url):
        assert piece in text
    assert "Tr0ub4dor" not in report.json()
    assert "a@example.com" not in report.json()


def test_a_failure_is_reported_too(model, tmp_path):
    model.script = ["no JSON"]
    _, settings = asked(model, tmp_path)
    report = records.last(settings)
    assert "something else than was asked for" in report.asked[0].problem
    assert report.asked[0].answer == "no JSON"


def test_an_answer_from_the_cache_says_so(model, tmp_path):
    asked(model, tmp_path)
    _, settings = asked(model, tmp_path)
    report = records.last(settings)
    assert report.cached
    assert (report.asked[0].requests, report.asked[0].bytes) == (0, 0)
    assert "nothing was sent" in "\n".join(report.lines())
    assert not records.last(settings, 1).cached


def test_only_the_newest_are_kept(model, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MOST_REPORTS", 2)
    for number in range(4):
        _, settings = asked(model, tmp_path, [Quote(f"line {number}", "log")])
    assert records.count(settings) == (4, 2)
    assert "line 3" in records.last(settings).messages[1]["content"]
    keep_newest(tmp_path / "cache" / "ai", 1)
    assert records.count(settings) == (1, 2)


def test_a_damaged_file_is_no_file(model, tmp_path):
    _, settings = asked(model, tmp_path)
    for path in [*tmp_path.rglob("cache/ai/*.json"), *tmp_path.rglob("calls/*.json")]:
        path.write_text('{"text": ')
    assert records.last(settings) is None
    answer, _ = asked(model, tmp_path)
    assert not answer.cached
    assert answer.problem is None


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "folder" / "file.json"
    write_private(path, {"a": 1})
    with pytest.raises(TypeError):
        write_private(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


# the commands


@pytest.fixture
def kit(monkeypatch, tmp_path):
    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("KIT_CACHE_DIR", str(tmp_path / "cache"))

    def run(*words, **variables):
        get_settings.cache_clear()
        return CliRunner().invoke(app, ["ai", *words], env=variables)

    yield run
    get_settings.cache_clear()


def test_kit_ai_status(kit, model):
    found = kit("status")
    assert found.exit_code == 1
    assert "no model is set" in found.output
    assert "KIT_AI_MODEL" in found.output
    found = kit("status", KIT_AI_BASE_URL="http://ai.example/v1", KIT_AI_MODEL="m", KIT_AI_KEY=KEY)
    assert found.exit_code == 0
    assert "1. m at http://ai.example/v1, NOT ENCRYPTED (key: KIT_AI_KEY; price not set)" in found.output
    assert KEY not in found.output
    found = kit("status", "--json", KIT_AI_BASE_URL=model.url, KIT_AI_MODEL="m", KIT_AI_KEY=KEY)
    assert json.loads(found.output)["models"][0]["key_from"] == "KIT_AI_KEY"
    assert KEY not in found.output
    assert model.bodies == []


def test_kit_ai_last(kit, model, tmp_path):
    assert kit("last").exit_code == 1
    asked(model, tmp_path)
    found = kit("last")
    assert found.exit_code == 0
    assert model.user in found.output
    assert json.loads(kit("last", "--json").output)["messages"] == model.requests[0]["messages"]
    assert kit("last", "--back", "1").exit_code == 1


def test_the_status_shows_no_password_of_an_address():
    settings = load_settings(ai_base_url="https://u:pw123@a.example/v1", ai_model="m")
    assert "pw123" not in "\n".join(status(settings).lines())
    assert "pw123" not in status(settings).json()


# how it looks


def shown(answer):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(answer.table())
    return console.export_text()


def test_an_answer_shows_its_evidence_and_that_nothing_was_done(model, tmp_path):
    model.script = [
        good(cause="<b>[red]down[/red]</b>", proposed_actions=[{"action": "scale", "target": "T1"}])
    ]
    answer, _ = asked(model, tmp_path)
    for text in (shown(answer), answer._repr_html_()):
        for piece in (
            "could not connect as a@example.com",
            "nothing was done",
            "scale",
            "A model wrote this",
        ):
            assert piece in text
    assert "[red]down[/red]" in shown(answer)
    assert "&lt;b&gt;" in answer._repr_html_()
    assert "<b>" not in answer._repr_html_()
    assert "a model says so" in repr(answer)
    assert json.loads(json.dumps(answer.as_dict()))["claims"][0]["citations"] == [1]


def test_a_problem_says_that_the_rules_stand():
    answer = Answer(
        SUBJECT, problem=Problem("slow", "it did not answer within 3 s", "a longer KIT_AI_TIMEOUT")
    )
    for text in (shown(answer), answer._repr_html_()):
        assert "it did not answer within 3 s" in text
        assert "What the rules found stands." in text
        assert "A model wrote this" not in text
    assert "no answer of a model" in answer.summary


def test_little_evidence_and_what_was_left_out_are_shown(model, tmp_path):
    second = {"text": "it is so", "citations": ["E999"]}
    answer_text = good(verdict="insufficient-evidence", claims=[second], proposed_actions=[])
    model.script = [answer_text]
    lines = [Quote(f"line {number} {'x' * 200}", "log") for number in range(200)]
    answer, _ = asked(model, tmp_path, lines, ai_token_budget=1500)
    text = shown(answer)
    assert "not enough to name a cause" in text
    assert "which is no line of the evidence" in answer._repr_html_()
    assert answer.cut > 100
    assert f"{answer.cut} lines of evidence were left out" in answer._repr_html_()
