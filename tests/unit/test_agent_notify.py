"""Slack messages against a real HTTP receiver that is well, slow, down, or says no."""

from __future__ import annotations

import json
import threading
import time

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from kitlib import redaction
from kitlib.agent.events import Notice
from kitlib.agent.notify import (
    REVOKED_PAUSE,
    Answer,
    Sender,
    SlackListener,
    escape,
    message,
    urls_of,
    webhook,
)
from kitlib.agent.outbox import Outbox
from kitlib.errors import SettingsError
from kitlib.settings import load_settings
from kitlib.specs.models.agent import Slack

SLACK = Slack(channel="#k8s-alerts", events=("action-suggested", "action-executed"))


def notice(key="k", event="action-suggested", to="channel", title="Scale web", text="from 2 to 3"):
    return Notice(event, "todo", key, title, text, to, "2026-01-05T03:00:00+00:00")


def listener(folder, url, slack=SLACK, **more):
    return SlackListener(slack, {"channel": url, **more}, folder)


def until(true, seconds=10.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        threading.Event().wait(0.01)
    return true()


def received(httpserver):
    return [json.loads(request.get_data()) for request, _ in httpserver.log]


def test_a_notice_reaches_its_channel_once(httpserver, tmp_path):
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    slack = listener(tmp_path, httpserver.url_for("/hook"))
    slack.start()
    for one in (notice(), notice(), notice(event="action-executed"), notice(event="action-denied")):
        slack.notify(one)
    assert until(lambda: slack.senders["channel"].delivered == 2)
    slack.notify(notice())  # it was sent before
    assert slack.waiting == 0
    slack.stop()
    found = received(httpserver)
    assert [body["channel"] for body in found] == ["#k8s-alerts"] * 2
    assert found[0]["text"].startswith("*Scale web*\nfrom 2 to 3\n")
    assert found[0]["unfurl_links"] is False


def test_what_is_sent_is_remembered_over_a_restart(httpserver, tmp_path):
    httpserver.expect_request("/hook").respond_with_data("ok")
    for _ in range(2):
        slack = listener(tmp_path, httpserver.url_for("/hook"))
        slack.notify(notice())
        while slack.waiting:
            slack.senders["channel"].step()
    assert len(received(httpserver)) == 1


def test_a_receiver_that_is_down_loses_nothing_over_a_restart(httpserver, tmp_path):
    nobody = listener(tmp_path, "http://127.0.0.1:9/hook")
    for number in range(3):
        nobody.notify(notice(str(number), title=f"number {number}"))
    assert nobody.senders["channel"].step() > 0
    assert nobody.waiting == 3
    httpserver.expect_request("/hook").respond_with_data("ok")
    after = listener(tmp_path, httpserver.url_for("/hook"))
    after.start()
    assert until(lambda: after.waiting == 0)
    after.stop()
    assert [body["text"].split("\n")[0] for body in received(httpserver)] == [
        "*number 0*", "*number 1*", "*number 2*"
    ]  # fmt: skip


def test_a_receiver_with_errors_is_asked_again_as_it_wishes(httpserver, tmp_path):
    httpserver.expect_ordered_request("/hook").respond_with_data("", status=500)
    httpserver.expect_ordered_request("/hook").respond_with_data("", status=429, headers={"Retry-After": "7"})
    httpserver.expect_ordered_request("/hook").respond_with_data("ok")
    now = [0.0]
    outbox = Outbox(tmp_path)
    sender = Sender(outbox, webhook(httpserver.url_for("/hook")), clock=lambda: now[0])
    outbox.add("a", message(notice()))
    assert 0.5 <= sender.step() <= 1.0
    assert sender.step() > 0  # not before its time
    assert len(httpserver.log) == 1
    now[0] += 1.0
    assert sender.step() == 7.0
    assert "status 429" in sender.last_error
    now[0] += 6.9
    assert sender.step() == pytest.approx(0.1)
    now[0] += 0.1
    assert sender.step() == 0.0
    assert (len(outbox), sender.delivered, sender.last_error) == (0, 1, "")


def test_the_pauses_grow_to_a_minute(tmp_path):
    now = [0.0]
    outbox = Outbox(tmp_path)
    sender = Sender(outbox, lambda _: Answer(0, reason="no answer"), clock=lambda: now[0])
    outbox.add("a", {})
    pauses = []
    for _ in range(12):
        pauses.append(sender.step())
        now[0] += pauses[-1]
    assert pauses[0] <= 1.0
    assert 30.0 <= pauses[-1] <= 60.0
    assert len(outbox) == 1


def test_a_revoked_webhook_keeps_its_messages(tmp_path):
    outbox = Outbox(tmp_path)
    sender = Sender(outbox, lambda _: Answer(404, reason="no_service"))
    outbox.add("a", {})
    assert sender.step() == REVOKED_PAUSE
    assert len(Outbox(tmp_path)) == 1


def test_a_message_that_is_refused_holds_up_no_other(tmp_path):
    answers = iter([Answer(400, reason="invalid_payload"), Answer(200)])
    outbox = Outbox(tmp_path)
    sender = Sender(outbox, lambda _: next(answers))
    outbox.add("bad", {"text": 1})
    outbox.add("good", {"text": "2"})
    assert (sender.step(), sender.step()) == (0.0, 0.0)
    assert (sender.refused, sender.delivered) == (1, 1)
    assert json.loads((tmp_path / "bad.refused").read_text())["reason"] == "invalid_payload"


@pytest.fixture
def threaded():
    """A receiver that answers several at once."""
    with HTTPServer(threaded=True) as server:
        yield server


def test_a_slow_receiver_holds_up_neither_the_agent_nor_another_receiver(threaded, tmp_path):
    let_go = threading.Event()

    def slow(_):
        let_go.wait(10)
        return Response("ok")

    threaded.expect_request("/slow").respond_with_handler(slow)
    threaded.expect_request("/quick").respond_with_data("ok")
    urls = {"on-call": threaded.url_for("/quick")}
    slack = listener(tmp_path, threaded.url_for("/slow"), **urls)
    slack.start()
    begin = time.monotonic()
    for number in range(20):
        slack.notify(notice(str(number)))
    slack.notify(notice("on-call", event="action-escalated", to="on-call"))
    assert time.monotonic() - begin < 2.0
    assert until(lambda: slack.senders["on-call"].delivered == 1)
    assert slack.senders["channel"].delivered == 0
    let_go.set()
    assert until(lambda: slack.waiting == 0)
    slack.stop()


def test_a_disk_that_is_full_loses_nothing_while_the_process_lives(tmp_path):
    (tmp_path / "box").write_text("a file where the folder should be")
    outbox = Outbox(tmp_path / "box")
    assert outbox.add("a", {"text": "x"})
    assert "can't be kept" in outbox.trouble
    sender = Sender(outbox, lambda _: Answer(200))
    sender.step()
    assert (sender.delivered, len(outbox)) == (1, 0)


def test_escalations_go_to_their_person_else_to_the_channel(tmp_path):
    urls = {"channel": "http://127.0.0.1:9/c", "on-call": "http://127.0.0.1:9/o"}
    slack = SlackListener(SLACK, urls, tmp_path)
    slack.notify(notice("1", "action-escalated", "on-call"))
    slack.notify(notice("1", "action-escalated", "team-lead"))
    assert {to: len(sender.outbox) for to, sender in slack.senders.items()} == {"channel": 1, "on-call": 1}
    nobody = SlackListener(None, {}, tmp_path / "none")
    nobody.notify(notice())
    assert nobody.waiting == 0


def test_nothing_of_the_cluster_is_followed_or_gives_a_secret_away():
    redaction.remember_value("hunter2-hunter2-hunter2")
    text = "<!channel> <https://evil|click> @here a&b password hunter2-hunter2-hunter2"
    body = message(notice(title="<@U123>", text=text), "#x")
    assert "<" not in body["text"]
    assert "hunter2" not in body["text"]
    assert "@here" not in body["text"]
    assert "a&amp;b" in body["text"]
    assert len(escape("x" * 10_000, 3000)) == 3000
    assert escape("plain text", 100) == "plain text"


def test_webhooks_are_settings_that_no_message_shows(monkeypatch):
    monkeypatch.setenv("KIT_SLACK_WEBHOOK", "https://hooks.example/T/B/secret-part")
    settings = load_settings()
    assert urls_of(settings) == {"channel": "https://hooks.example/T/B/secret-part"}
    assert "secret-part" not in repr(settings)
    monkeypatch.setenv("KIT_SLACK_WEBHOOK", "secret-part-without-a-scheme")
    with pytest.raises(SettingsError, match="slack_webhook") as caught:
        load_settings()
    assert "secret-part" not in str(caught.value)


def test_the_address_of_a_webhook_is_in_no_reason(tmp_path):
    url = "http://127.0.0.1:9/services/T000/B000/very-secret-token-of-slack"
    SlackListener(SLACK, {"channel": url}, tmp_path)
    assert "very-secret-token" not in webhook(url)({"text": "x"}).reason
    assert "very-secret-token" not in redaction.redact(f"can't post to {url}")
