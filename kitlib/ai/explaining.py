"""Ask the models that are set, one after the other, until an answer holds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from kitlib.ai import records
from kitlib.ai.answer import Answer, Claim, Problem, Usage
from kitlib.ai.boundary import Boundary
from kitlib.ai.checking import Checked, check
from kitlib.ai.client import Reply, Sent, ask
from kitlib.ai.endpoints import HOW_TO_SET, Endpoint, endpoints
from kitlib.ai.folding import visible
from kitlib.ai.question import Question, compose
from kitlib.findings import Findings, Quote
from kitlib.redaction import redact
from kitlib.settings import Settings, get_settings


@dataclass
class _Call:
    """One call of `explain`: what it asks, and what became of it so far."""

    subject: str
    settings: Settings
    boundary: Boundary
    question: Question
    messages: list[dict[str, str]]
    asked: list[records.Asked] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)


def explain(
    subject: str,
    lines: Sequence[Quote],
    findings: Findings,
    *,
    actions: Sequence[str],
    settings: Settings | None = None,
) -> Answer:
    """Ask a model why a workload is not well. Nothing is changed: its actions are proposals.

    Args:
        subject: the workload, as `Deployment/api -n todo-app`.
        lines: evidence about it, oldest first.
        findings: what the rules found about it.
        actions: the names of the actions that the model may propose.
        settings: none: those of this process.

    Returns:
        What the model said, as far as it holds; or the problem: no model is set, none answers, none of the
        answers holds. Trouble with a model, or with the disk, raises nothing.
    """
    settings = settings or get_settings()
    models = endpoints(settings)
    if not models:
        return Answer(subject, problem=Problem("no-model", "no model is set", HOW_TO_SET))
    boundary = Boundary(settings.state_dir / "ai", ips=settings.ai_redact_ips)
    try:
        question = compose(
            subject, lines, findings, boundary, actions=actions, tokens=settings.ai_token_budget
        )
    except OSError as error:
        said = f"the key of the placeholders can't be kept in {boundary.folder}: {error.strerror}"
        return Answer(subject, problem=Problem("withheld", f"{said}; nothing was sent", "see KIT_STATE_DIR"))
    if boundary.leaks(question.data()):
        said = "a secret value stands in the text after it was cleaned; nothing was sent"
        return Answer(subject, problem=Problem("withheld", said, "please report it, without the text"))
    call = _Call(subject, settings, boundary, question, question.messages())
    return next((answer for model in models if (answer := _asked(call, model))), None) or _failed(call)


def _asked(call: _Call, endpoint: Endpoint) -> Answer | None:
    """One model's answer, from the cache or from its server; None when it has none that holds."""
    sent = Sent()
    kept = records.cached(call.settings, endpoint, call.question)
    reply = kept or _reply(call, endpoint, sent)
    checked = check(reply.text, call.question) if isinstance(reply, Reply) else reply
    _note(call, endpoint, sent, reply, checked)
    if isinstance(reply, Problem) or isinstance(checked, Problem):
        return None
    if kept is None:
        with suppress(OSError):  # the next time it is asked again
            records.keep(call.settings, endpoint, call.question, reply)
    cost = 0.0 if kept else endpoint.cost(reply.tokens_in, reply.tokens_out)
    usage = Usage(reply.tokens_in, reply.tokens_out, cost)
    _report(call, cached=kept is not None, usage=str(usage))
    return replace(_found(call, checked), model=str(endpoint), usage=usage, cached=kept is not None)


def _reply(call: _Call, endpoint: Endpoint, sent: Sent) -> Reply | Problem:
    if endpoint.trouble:
        return Problem("refused", endpoint.trouble)
    return ask(
        endpoint,
        call.messages,
        call.question.schema(),
        answer_tokens=call.settings.ai_answer_tokens,
        timeout=call.settings.ai_timeout,
        sent=sent,
    )


def _note(
    call: _Call, endpoint: Endpoint, sent: Sent, reply: Reply | Problem, checked: Checked | Problem
) -> None:
    """What became of one model, for the report and for the answer."""
    problem = redact(visible(checked.message)) if isinstance(checked, Problem) else ""
    answer = redact(visible(reply.text)) if isinstance(reply, Reply) else ""
    seconds = round(time.monotonic() - sent.started, 3)
    call.asked.append(records.Asked(str(endpoint), sent.requests, sent.bytes, seconds, problem, answer))
    if isinstance(checked, Problem):
        call.problems.append((str(endpoint), checked))


def _found(call: _Call, checked: Checked) -> Answer:
    """What holds, for a person: addresses are back, secrets stay hidden."""
    back = call.boundary.restored
    return replace(
        _base(call),
        verdict=checked.verdict,
        cause=back(checked.cause),
        claims=tuple(Claim(back(item.text), item.citations) for item in checked.claims),
        confidence=checked.confidence,
        proposals=tuple(replace(item, target=back(item.target)) for item in checked.proposals),
        dropped=tuple(back(text) for text in checked.dropped),
        dropped_claims=checked.dropped_claims,
    )


def _failed(call: _Call) -> Answer:
    """No model gave an answer that holds: the last one's problem, with what happened to each."""
    _report(call)
    base = _base(call)
    _, problem = call.problems[-1]
    return replace(base, problem=replace(problem, message="; ".join(base.failed)))


def _base(call: _Call) -> Answer:
    back = call.boundary.restored
    lines = (replace(line, text=back(line.text), source=back(line.source)) for line in call.question.lines)
    failed = tuple(back(f"{model}: {problem.message}") for model, problem in call.problems)
    return Answer(
        call.subject,
        evidence=tuple(lines),
        cut=call.question.cut,
        redacted=dict(call.boundary.counts),
        failed=failed,
    )


def _report(call: _Call, *, cached: bool = False, usage: str = "") -> None:
    report = records.Report(
        records.now(),
        call.question.targets[0],
        call.asked,
        call.messages,
        dict(call.boundary.counts),
        call.question.cut,
        cached,
        usage,
    )
    with suppress(
        OSError
    ):  # an answer is not lost because the disk is full; kit ai last shows the one before
        records.save(call.settings, report)
