"""A model's text becomes an answer only as far as it holds: schema, citations, quotes, actions, targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from kitlib.ai.answer import Claim, Problem, Proposal, Verdict
from kitlib.ai.question import Question

MOST_CLAIMS, MOST_ACTIONS = 12, 5
MOST_OBJECTS = 100  # that are looked at to find the answer among a model's words
LONGEST = 1500  # characters of one text of an answer
_CITATION = re.compile(r"\[?\s*[Ee](\d{1,6})\s*\]?")
_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|`([^`]+)`|«([^»]+)»|(?<![\w'])'([^']+)'(?![\w'])")
_WORDS = re.compile(r"\w{2}")  # a small model repeats the form of the answer, dots and all
_ELLIPSIS = re.compile(r"…|\.\.\.")
_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)


class _Claim(BaseModel):
    text: str
    citations: list[str]


class _Action(BaseModel):
    action: str
    target: str


class _Wire(BaseModel):
    """The answer as it travels; Question.schema says the same to the server."""

    verdict: Literal["cause", "insufficient-evidence"]
    cause: str
    claims: list[_Claim]
    confidence: Literal["low", "medium", "high"]
    proposed_actions: list[_Action]


@dataclass(frozen=True)
class Checked:
    """What is left of a model's answer; texts still have placeholders."""

    verdict: Verdict
    cause: str = ""
    claims: tuple[Claim, ...] = ()
    confidence: str = ""
    proposals: tuple[Proposal, ...] = ()
    dropped: tuple[str, ...] = ()
    dropped_claims: int = 0


def check(text: str, question: Question) -> Checked | Problem:
    """Check a model's text against the question that it answers.

    Claims without a line that exists, or whose quotes stand in no line that they cite, are dropped; so are
    actions that were not allowed and targets that were not named. A cause of which no claim is left does not
    count, nor do the actions that would follow from it.
    """
    wire = _parsed(text)
    if wire is None:
        return Problem("wrong-schema", f"it answered with something else than was asked for: {_start(text)}")
    if wire.verdict == "cause" and not _WORDS.search(wire.cause):
        return Problem("wrong-schema", f"it says that there is a cause and names none: {_start(text)}")
    claims, dropped = _claims(wire, question)
    dropped_claims = len(wire.claims) - len(claims)
    if not claims and (wire.verdict == "cause" or wire.proposed_actions):
        return Problem(
            "wrong-citation", f"no claim of its answer holds: {'; '.join(dropped) or 'there is none'}"
        )
    proposals, refused = _proposals(wire, question)
    cause = wire.cause.strip()[:LONGEST] if wire.verdict == "cause" else ""
    return Checked(
        wire.verdict, cause, claims, wire.confidence, proposals, (*dropped, *refused), dropped_claims
    )


def _parsed(text: str) -> _Wire | None:
    """The first JSON object in the text that is an answer; some servers put words or fences around it."""
    for item in objects_in(text):
        try:
            return _Wire.model_validate(item)
        except ValidationError:
            continue
    return None


def objects_in(text: str) -> Iterator[Any]:
    """The JSON objects in a model's text, in their order; what it only thought is left out."""
    text = _THINKING.sub("", text)
    decoder = json.JSONDecoder()
    place = text.find("{")
    for _ in range(MOST_OBJECTS):
        if place < 0:
            return
        try:
            item, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            yield item
        place = text.find("{", end)


def _claims(wire: _Wire, question: Question) -> tuple[tuple[Claim, ...], list[str]]:
    kept: list[Claim] = []
    dropped: list[str] = []
    for item in wire.claims:
        problem, numbers = _cited(item, question)
        if not problem:
            kept.append(Claim(item.text.strip()[:LONGEST], numbers))
        if problem or len(numbers) < len(set(item.citations)):
            dropped.append(f"{_start(item.text)}: {problem or 'some of its citations name no line'}")
    return tuple(kept[:MOST_CLAIMS]), dropped


def _cited(claim: _Claim, question: Question) -> tuple[str, tuple[int, ...]]:
    """What is wrong with a claim, and the lines that it rests on."""
    matches = [_CITATION.fullmatch(text.strip()) for text in claim.citations]
    found = dict.fromkeys(int(match.group(1)) for match in matches if match)
    numbers = tuple(number for number in found if 1 <= number <= len(question.lines))
    if not _WORDS.search(claim.text):
        return "it says nothing", ()
    if not numbers:
        return (
            f"it cites {', '.join(claim.citations)[:80] or 'nothing'}, which is no line of the evidence",
            (),
        )
    cited = [question.lines[number - 1] for number in numbers]
    known = [_flat(text) for line in cited for text in (line.text, line.source)]
    known += [_flat(target) for target in question.targets]
    for quote in _quotes(claim.text):
        if not any(quote in text for text in known):
            return f"its quote {quote[:80]!r} stands in no line that it cites", ()
    return "", numbers


def _quotes(text: str) -> Iterator[str]:
    for match in _QUOTED.finditer(text):
        for part in _ELLIPSIS.split(next(group for group in match.groups() if group)):
            if _flat(part):
                yield _flat(part)


def _proposals(wire: _Wire, question: Question) -> tuple[tuple[Proposal, ...], list[str]]:
    targets = {f"T{number}": str(text) for number, text in enumerate(question.targets, 1)}
    targets |= {text: text for text in targets.values()}
    kept: list[Proposal] = []
    refused: list[str] = []
    for item in wire.proposed_actions:
        if item.action not in question.actions:
            refused.append(f"the action {_start(item.action)} is none of those allowed")
        elif item.target not in targets:
            refused.append(f"{item.action}: the target {_start(item.target)} is none of those in question")
        else:
            kept.append(Proposal(item.action, targets[item.target]))
    return tuple(dict.fromkeys(kept))[:MOST_ACTIONS], refused


def _flat(text: str) -> str:
    return " ".join(text.split())


def _start(text: str) -> str:
    flat = _flat(text)
    return repr(flat if len(flat) <= 80 else flat[:80] + "…")
