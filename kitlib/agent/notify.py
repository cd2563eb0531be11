"""Notices as Slack messages: taken at once, kept on disk, and sent by threads that nobody waits for.

Each receiver has its own outbox and its own thread, so that none that is down or slow holds up another. What
a message says comes from the cluster in part: it is redacted, escaped, and shortened, and none of it is
followed.
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from kitlib import redaction
from kitlib.agent.events import Notice, Recipient
from kitlib.agent.outbox import Body, Outbox
from kitlib.policy.action import digest
from kitlib.settings import Settings
from kitlib.specs.models.agent import Slack

TIMEOUT_SECONDS = 10
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
REVOKED_PAUSE = 300.0  # the webhook is gone or barred: a person must act
REVOKED = (401, 403, 404, 410)
AGAIN = (408, 425, 429)
LONGEST_TITLE, LONGEST_TEXT = 300, 3000  # Slack shows no more of a message without a click
Send = Callable[[Body], "Answer"]

_log = logging.getLogger("kitlib.agent.notify")


@dataclass(frozen=True)
class Answer:
    """What a receiver said to one message.

    Args:
        status: the HTTP status; 0: there was no answer.
        pause: seconds that it asks to be left alone for; 0: it asks for none.
        reason: for a person.
    """

    status: int
    pause: float = 0.0
    reason: str = ""


class Sender:
    """Sends the messages of one outbox, one at a time, until each was taken.

    Args:
        outbox: the messages.
        send: gives one to the receiver.
        clock: seconds; only differences count.
    """

    def __init__(self, outbox: Outbox, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self.outbox = outbox
        self.delivered = 0
        self.refused = 0
        self.last_error = ""
        self._send = send
        self._clock = clock
        self._failures = 0
        self._not_before = 0.0

    def step(self) -> float:
        """Send the oldest message, if there is one and its time has come.

        Returns:
            Seconds until the next step is worth while.
        """
        left = self._not_before - self._clock()
        found = self.outbox.first()
        if found is None or left > 0:
            return LONGEST_PAUSE if found is None else left
        key, body = found
        answer = self._send(body)
        if 200 <= answer.status < 300:
            self._failures, self.last_error = 0, ""
            self.delivered += 1
            self.outbox.sent(key)
            return 0.0
        self.last_error = answer.reason
        if 300 <= answer.status < 500 and answer.status not in (*REVOKED, *AGAIN):
            self.refused += 1
            self.outbox.refuse(key, answer.reason)
            return 0.0
        pause = self._pause(answer)
        self._not_before = self._clock() + pause
        return pause

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop; what waits then stays in the outbox."""
        while not stop.is_set():
            pause = self.step()
            if pause:
                self.outbox.changed.wait(pause) if not self.outbox else stop.wait(pause)
            self.outbox.changed.clear()

    def _pause(self, answer: Answer) -> float:
        if answer.pause:
            return answer.pause
        if answer.status in REVOKED:
            return REVOKED_PAUSE
        self._failures += 1
        longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures - 1, 10))
        return longest * random.uniform(0.5, 1.0)  # two replicas must not knock in step


class SlackListener:
    """The listener that tells Slack.

    Args:
        slack: the channel and its events, as the AgentConfig says; none: the channel is told nothing.
        urls: the webhook of each recipient; one that has none is told through the channel's.
        folder: where messages wait.
    """

    def __init__(self, slack: Slack | None, urls: Mapping[Recipient, str], folder: Path) -> None:
        for url in urls.values():
            redaction.remember_value(url)
        self._slack = slack
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.senders = {to: Sender(Outbox(folder / to), webhook(url)) for to, url in urls.items() if url}

    def notify(self, notice: Notice) -> None:
        """Take a notice that is wanted, once."""
        sender = self.senders.get(notice.to) or self.senders.get("channel")
        if sender is None or not self._wanted(notice):
            return
        channel = self._slack.channel if self._slack and notice.to == "channel" else ""
        name = digest(notice.agent, notice.key, notice.event, notice.to)
        sender.outbox.add(name, message(notice, channel))

    def start(self) -> None:
        """Begin to send, with what an earlier process left."""
        for to, sender in self.senders.items():
            thread = threading.Thread(target=sender.run, args=(self._stop,), name=f"slack-{to}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, seconds: float = TIMEOUT_SECONDS + 2.0) -> None:
        """End the threads; messages that wait stay on disk."""
        self._stop.set()
        for sender in self.senders.values():
            sender.outbox.changed.set()
        for thread in self._threads:
            thread.join(seconds)

    @property
    def waiting(self) -> int:
        """How many messages were not sent yet."""
        return sum(len(sender.outbox) for sender in self.senders.values())

    def _wanted(self, notice: Notice) -> bool:
        """Escalations always; in the channel what its list of events names."""
        if notice.to != "channel" or notice.event == "action-escalated":
            return True
        return self._slack is not None and notice.event in self._slack.events


def urls_of(settings: Settings) -> dict[Recipient, str]:
    """The webhooks of the settings, by recipient."""
    found: dict[Recipient, Any] = {
        "channel": settings.slack_webhook,
        "on-call": settings.slack_on_call,
        "team-lead": settings.slack_team_lead,
    }
    return {to: value.get_secret_value() for to, value in found.items() if value}


def message(notice: Notice, channel: str = "") -> dict[str, Any]:
    """A notice as Slack takes it; the channel is for webhooks that may post to several."""
    title, text = escape(notice.title, LONGEST_TITLE), escape(notice.text, LONGEST_TEXT)
    foot = escape(f"{notice.event} by agent {notice.agent} for {notice.to} at {notice.at}", LONGEST_TITLE)
    body = {"text": f"*{title}*\n{text}\n_{foot}_", "unfurl_links": False, "unfurl_media": False}
    return body | ({"channel": channel} if channel else {})


def escape(text: str, longest: int) -> str:
    """A text of which nothing is a link, a mention or a secret.

    Source: docs.slack.dev/messaging/formatting-message-text: `&`, `<` and `>` are escaped; only what stands
    in angle brackets is a mention. A webhook of the old kind may also read @channel, so that is broken up.
    """
    plain = redaction.redact(text)
    plain = plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        plain = plain.replace(sign, written)
    return re.sub(r"@(?=\w)", "@\u200b", plain)


def webhook(url: str, timeout: int = TIMEOUT_SECONDS) -> Send:
    """What posts to one webhook.

    Args:
        url: its address, which is its credential.
        timeout: seconds for one try.
    """
    from slack_sdk.webhook import WebhookClient

    quiet = logging.getLogger("kitlib.agent.webhook")
    quiet.setLevel(logging.CRITICAL)  # the client's own log would have the address and the message
    client = WebhookClient(url, timeout=timeout, logger=quiet, retry_handlers=[])

    def send(body: Body) -> Answer:
        try:
            answer = client.send_dict(dict(body))
        except (OSError, ValueError, LookupError, HTTPException) as error:  # a timeout is an OSError
            return Answer(0, reason=redaction.redact(f"no answer: {error}"))
        reason = redaction.redact(f"status {answer.status_code}: {str(answer.body)[:200]}")
        if not 200 <= answer.status_code < 300:
            _log.warning("a Slack webhook answered %s", reason)
        return Answer(answer.status_code, _retry_after(answer.headers), reason)

    return send


def _retry_after(headers: Mapping[str, Any]) -> float:
    """The seconds of Retry-After; 0 when there is none, or it is no number."""
    for name, value in headers.items():
        if name.lower() == "retry-after":
            first = value[0] if isinstance(value, list) else value
            return float(first) if re.fullmatch(r"\d{1,5}", str(first)) else 0.0
    return 0.0
