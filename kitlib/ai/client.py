"""One question to one server that speaks OpenAI's chat completions; what can go wrong is a value.

The answer is asked for as a JSON Schema, as OpenAI has it and then as llama.cpp has it; a server that refuses
both is asked for a JSON object, and then for plain text. Nothing is sent but what the caller gives, and to no
other host: redirects are not followed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kitlib.ai.answer import Problem
from kitlib.ai.endpoints import Endpoint
from kitlib.ai.troubles import TRIES, Broken, NoAnswer, TooSlow, problem, quoted, too_long, used_up

if TYPE_CHECKING:
    import openai
    from tenacity import RetryCallState

FIRST_WAIT = 0.5  # seconds before the second try, twice that before the third
LARGEST = 1_000_000  # bytes of an answer
Request = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the server said: the model's text, and the tokens as the server counts them."""

    text: str
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass
class Sent:
    """What went out to one server, counted as it left.

    Args:
        requests: how many requests, retries included.
        bytes: of the bodies of all of them.
    """

    requests: int = 0
    bytes: int = 0
    started: float = field(default_factory=time.monotonic)

    def count(self, request: Any) -> None:
        """Before a request leaves."""
        self.requests += 1
        self.bytes += len(request.content)
        if request.url.host != "api.openai.com":  # the client takes these from variables, for whatever server
            for name in ("openai-organization", "openai-project"):
                request.headers.pop(name, None)


def ask(
    endpoint: Endpoint,
    messages: Sequence[dict[str, str]],
    schema: dict[str, Any],
    *,
    answer_tokens: int,
    timeout: float,
    sent: Sent,
) -> Reply | Problem:
    """Ask, with retries where they can help: no connection, too many requests, the server's own errors.

    Args:
        endpoint: whom.
        messages: what.
        schema: of the answer.
        answer_tokens: the most tokens of the answer.
        timeout: seconds for all of it.
        sent: counts what goes out.
    """
    import openai

    hooks = {"request": [sent.count]}
    request: Request = {
        "model": endpoint.model,
        "messages": list(messages),
        "max_tokens": answer_tokens,
        "temperature": 0,
        "response_format": _format(schema),
    }
    deadline = time.monotonic() + timeout
    with (
        openai.DefaultHttpxClient(event_hooks=hooks, follow_redirects=False) as http,
        _client(endpoint, http) as client,
    ):
        try:
            return _negotiated(client, request, deadline)
        except (openai.APIError, Broken, TooSlow, NoAnswer) as error:
            return problem(error, endpoint, timeout)


def _client(endpoint: Endpoint, http: Any) -> openai.OpenAI:
    import openai

    class Discreet(openai.OpenAI):
        def platform_headers(self) -> dict[str, str]:
            return {}  # what this machine is, which the client would start a program to find out

    key = endpoint.key or "none"
    return Discreet(base_url=endpoint.base_url, api_key=key, http_client=http, max_retries=0)


def _negotiated(client: openai.OpenAI, request: Request, deadline: float) -> Reply:
    """Ask until the server knows every parameter."""
    import openai

    while True:
        try:
            return _with_retries(partial(_once, client, request, deadline), deadline)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            simpler = None if too_long(error) else _simpler(request, str(error).lower())
            if simpler is None:
                raise
            request = simpler


def _with_retries(call: Callable[[], Reply], deadline: float) -> Reply:
    import tenacity

    left = max(0.0, deadline - time.monotonic())
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=tenacity.stop_after_attempt(TRIES) | tenacity.stop_before_delay(left),
        wait=_wait,
        reraise=True,
    )
    return retrying(call)


def _once(client: openai.OpenAI, request: Request, deadline: float) -> Reply:
    """One request; the body is read piece by piece, so that a slow one cannot outlast the deadline."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow
    http = _http_library()
    try:
        with client.chat.completions.with_streaming_response.create(**request, timeout=left) as response:
            return _reply(_bounded(response.iter_bytes(), deadline))
    except http.TimeoutException:
        raise TooSlow from None
    except http.HTTPError as error:
        raise Broken from error


def _bounded(pieces: Iterator[bytes], deadline: float) -> bytes:
    body = b""
    for piece in pieces:
        body += piece
        if len(body) > LARGEST:
            raise NoAnswer(f"its answer has more than {LARGEST} bytes")
        if time.monotonic() > deadline:
            raise TooSlow
    return body


def _http_library() -> Any:
    """What the client speaks HTTP with, whose errors it passes on while a body is read: httpx, or httpx2."""
    import openai

    return import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])


def _reply(body: bytes) -> Reply:
    try:
        data = json.loads(body)
        choice = data["choices"][0]
        text = choice["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NoAnswer(f"its answer is no chat completion: {quoted(body.decode(errors='replace'))}") from None
    text = text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    if not text.strip():
        raise NoAnswer(f"its answer has no text (finish_reason: {choice.get('finish_reason')!r})")
    if choice.get("finish_reason") == "length":
        raise NoAnswer("its answer was cut off; KIT_AI_ANSWER_TOKENS is the most that it may have")
    told = data.get("usage")
    usage = told if isinstance(told, dict) else {}
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    return Reply(text, *(count if isinstance(count, int) else None for count in counts))


def _format(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": "diagnosis", "strict": True, "schema": schema},
    }


def _simpler(request: Request, said: str) -> Request | None:
    """The request without what the server refuses; None when nothing is left to take away."""
    if "max_tokens" in said and "max_tokens" in request:  # OpenAI's reasoning models know only the new name
        rest = {key: value for key, value in request.items() if key != "max_tokens"}
        return rest | {"max_completion_tokens": request["max_tokens"]}
    if "temperature" in said and "temperature" in request:
        return {key: value for key, value in request.items() if key != "temperature"}
    asked = request.get("response_format", {})
    if asked.get("type") == "json_schema":  # github.com/abetlen/llama-cpp-python: "JSON Schema Mode"
        schema = asked["json_schema"]["schema"]
        return request | {"response_format": {"type": "json_object", "schema": schema}}
    if "schema" in asked:
        return request | {"response_format": {"type": "json_object"}}
    if asked:
        return {key: value for key, value in request.items() if key != "response_format"}
    return None


def _passes(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    import openai

    if isinstance(error, openai.RateLimitError):
        return not used_up(error)
    if isinstance(error, openai.APITimeoutError):
        return False  # it had all the time that there is
    return isinstance(error, openai.APIConnectionError | openai.InternalServerError | Broken)


def _wait(state: RetryCallState) -> float:
    """As long as the server asks for, otherwise half a second, then one."""
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    if asked.replace(".", "", 1).isdecimal():
        return float(asked)
    return FIRST_WAIT * 2.0 ** (state.attempt_number - 1)
