"""Why a server gave no answer: what its client raised, as a problem for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitlib.ai.answer import Problem
from kitlib.ai.endpoints import Endpoint
from kitlib.ai.folding import visible
from kitlib.redaction import redact

if TYPE_CHECKING:
    import openai

TRIES = 3


class Broken(Exception):
    """The connection ended within an answer."""


class TooSlow(Exception):
    """The time for all tries is over."""


class NoAnswer(Exception):
    """The server's text is not what a chat completion is."""


def problem(error: Exception, endpoint: Endpoint, timeout: float) -> Problem:
    """What an error of `kitlib.ai.client` means for a person."""
    import openai

    if isinstance(error, TooSlow | openai.APITimeoutError):
        return Problem("slow", f"it did not answer within {timeout:g} s", "a longer KIT_AI_TIMEOUT")
    if isinstance(error, NoAnswer):
        return Problem("wrong-schema", str(error))
    if isinstance(error, openai.APIStatusError):
        return _refusal(error, endpoint)
    cause = type(error.__cause__).__name__ if error.__cause__ else type(error).__name__
    return Problem(
        "unreachable", f"no connection ({cause})", "check KIT_AI_BASE_URL, and that the server runs"
    )


def _refusal(error: openai.APIStatusError, endpoint: Endpoint) -> Problem:
    status, said = error.status_code, quoted(error.message)
    if status == 402 or (status == 429 and used_up(error)):
        return Problem(
            "quota", f"the quota of its key is used up: {said}", "the billing page of its provider"
        )
    if status == 429:
        return Problem("quota", f"it has too many requests, {TRIES} tries long: {said}", "try later")
    if status in (401, 403):
        return Problem(
            "refused", f"it does not accept {endpoint.key_from} (HTTP {status}): {said}", "the key"
        )
    if status == 404:
        return Problem(
            "refused", f"it knows no such model or address: {said}", "check its base URL and model"
        )
    if too_long(error):
        return Problem("refused", f"the question is too long for it: {said}", "a lower KIT_AI_TOKEN_BUDGET")
    if status >= 500:
        return Problem("server-error", f"it failed {TRIES} times (HTTP {status}): {said}", "try later")
    return Problem("refused", f"it refused the request (HTTP {status}): {said}")


def used_up(error: openai.APIStatusError) -> bool:
    """Whether the quota of the key is used up; asking again does not help."""
    return "insufficient_quota" in (error.code, error.type) or "exceeded your current quota" in error.message


def too_long(error: openai.APIStatusError) -> bool:
    """Whether the question has more tokens than the model takes."""
    said = error.message.lower()
    return error.code == "context_length_exceeded" or ("context" in said and "token" in said)


def quoted(text: str) -> str:
    """A server's words in one short line, without secrets."""
    flat = " ".join(redact(visible(text)).split())
    return repr(flat if len(flat) <= 200 else flat[:200] + "…")
