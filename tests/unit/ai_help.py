"""A real HTTP server that stands for a model, and settings that name it."""

from __future__ import annotations

import json
import re
import uuid

from werkzeug import Response

from kitlib.settings import load_settings

SUBJECT = "Deployment/api -n todo-app"
ACTIONS = ("restart", "rollback", "scale")
KEY = "kit-test-key-123456"
BLOCK = re.compile(r"<<<evidence:([0-9a-f]{32}):begin>>>\n(.*)\n<<<evidence:\1:end>>>\n(.*)", re.DOTALL)


def good(**changes):
    """An answer that holds for evidence of one line or more."""
    answer = {
        "verdict": "cause",
        "cause": "The database does not accept connections.",
        "claims": [{"text": "the connection is refused", "citations": ["E1"]}],
        "confidence": "high",
        "proposed_actions": [{"action": "restart", "target": "T1"}],
    }
    return answer | changes


def completion(content, **changes):
    """The body of a chat completion, as OpenAI documents it."""
    text = content if isinstance(content, str) else json.dumps(content)
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
    } | changes


def failure(status, message, code=None, **headers):
    body = json.dumps({"error": {"message": message, "type": code, "code": code}})
    return Response(body, status, headers, content_type="application/json")


class Model:
    """Answers with what `script` holds, one item per request, the last one again and again.

    An item is an answer, a whole Response, or a function of the request's data.
    """

    def __init__(self, server):
        path = f"/{uuid.uuid4().hex}/v1"  # a request that an earlier test gave up must not arrive here
        self.url = server.url_for(path)
        self.script = [good()]
        self.bodies = []
        self.headers = []
        server.expect_request(f"{path}/chat/completions", method="POST").respond_with_handler(self.handle)

    def handle(self, request):
        self.bodies.append(request.get_data().decode())
        self.headers.append(dict(request.headers))
        item = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        item = (
            item(json.loads(self.bodies[-1])) if callable(item) and not isinstance(item, Response) else item
        )
        if isinstance(item, Response):
            return item
        body = item if isinstance(item, dict) and "choices" in item else completion(item)
        return Response(json.dumps(body), 200, content_type="application/json")

    @property
    def requests(self):
        return [json.loads(body) for body in self.bodies]

    @property
    def user(self):
        """The last message that holds evidence."""
        return self.requests[-1]["messages"][1]["content"]

    @property
    def evidence(self):
        """The lines between the delimiters of the last request."""
        return BLOCK.fullmatch(self.user).group(2).split("\n")


def settings_for(model, tmp_path, **changes):
    told = {
        "state_dir": tmp_path / "state",
        "cache_dir": tmp_path / "cache",
        "ai_base_url": model.url,
        "ai_model": "m",
        "ai_key": KEY,
        "ai_timeout": 10,
    }
    return load_settings(**told | changes)
