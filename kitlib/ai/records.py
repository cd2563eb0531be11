"""What was asked and answered: a cache for the same question, and a report of each call for a person.

Both hold only what passed the boundary, in files that only this user can read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kitlib.ai.client import Reply
from kitlib.ai.endpoints import Endpoint
from kitlib.ai.files import keep_newest, read_private, write_private
from kitlib.ai.question import Question
from kitlib.redaction import redact
from kitlib.settings import Settings

MOST_ANSWERS, MOST_REPORTS = 500, 20


@dataclass(frozen=True)
class Asked:
    """One model that was asked, in a report.

    Args:
        model: which, and where.
        requests, bytes: what went out to it; none when the answer came from the cache.
        seconds: how long it took.
        problem: what went wrong; empty: nothing.
        answer: the model's text, with its placeholders.
    """

    model: str
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    problem: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Report:
    """What one call sent, and what came back.

    Args:
        at: when, ISO 8601 in UTC.
        subject: the workload, clean.
        asked: the models, in order.
        messages: the very texts that were sent, the same to each model.
        redacted: how many values were hidden, by sort.
        cut: how many lines of evidence were left out.
        cached: the answer came from the cache: nothing was sent to that model.
        usage: tokens and cost, in words; empty without an answer.
    """

    at: str
    subject: str
    asked: list[Asked] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    redacted: Mapping[str, int] = field(default_factory=dict)
    cut: int = 0
    cached: bool = False
    usage: str = ""

    def json(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)

    def lines(self) -> list[str]:
        """The report for a person."""
        lines = [f"{self.at}  {self.subject}"]
        for item in self.asked:
            lines.append(
                f"asked: {item.model}: {item.requests} requests, {item.bytes} bytes, {item.seconds:.1f} s"
            )
            lines += [f"  problem: {item.problem}"] if item.problem else []
        hidden = ", ".join(f"{count} {sort}" for sort, count in sorted(self.redacted.items())) or "nothing"
        lines += [f"hidden: {hidden}", f"lines of evidence left out: {self.cut}"]
        lines.append(
            "from the cache: nothing was sent to the last one" if self.cached else "not from the cache"
        )
        lines += [f"usage: {self.usage}"] if self.usage else []
        for message in self.messages:
            lines += [f"---- sent as {message['role']} ----", message["content"]]
        lines += [f"---- answer of {item.model} ----\n{item.answer}" for item in self.asked if item.answer]
        return lines


def cached(settings: Settings, endpoint: Endpoint, question: Question) -> Reply | None:
    """The answer that this model gave to this question before."""
    data = read_private(_cache(settings) / _name(endpoint, question))
    if data is None or not isinstance(data.get("text"), str):
        return None
    return Reply(data["text"], data.get("tokens_in"), data.get("tokens_out"))


def keep(settings: Settings, endpoint: Endpoint, question: Question, reply: Reply) -> None:
    """Keep an answer that held."""
    folder = _cache(settings)
    write_private(folder / _name(endpoint, question), asdict(reply) | {"text": redact(reply.text)})
    keep_newest(folder, MOST_ANSWERS)


def save(settings: Settings, report: Report) -> None:
    """Write a report down; the newest ones are kept."""
    folder = _reports(settings)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    write_private(folder / name, asdict(report))
    keep_newest(folder, MOST_REPORTS)


def last(settings: Settings, back: int = 0) -> Report | None:
    """The newest report, or one that is `back` calls older; None when there is none."""
    names = sorted(_reports(settings).glob("*.json"), reverse=True)
    data = read_private(names[back]) if back < len(names) else None
    if data is None:
        return None
    return Report(**data | {"asked": [Asked(**item) for item in data["asked"]]})


def count(settings: Settings) -> tuple[int, int]:
    """How many answers and how many reports are kept."""
    return len(list(_cache(settings).glob("*.json"))), len(list(_reports(settings).glob("*.json")))


def _name(endpoint: Endpoint, question: Question) -> str:
    text = json.dumps([endpoint.base_url, endpoint.model, question.fingerprint()])
    return hashlib.sha256(text.encode()).hexdigest() + ".json"


def _cache(settings: Settings) -> Path:
    return settings.cache_dir / "ai"


def _reports(settings: Settings) -> Path:
    return settings.state_dir / "ai" / "calls"


def now() -> str:
    """The time for a report."""
    return datetime.now(UTC).isoformat(timespec="seconds")
