"""An API that takes DELAY seconds for an answer, and counts what it was asked; GET /seen tells at once."""

import json
import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DELAY = float(os.environ["DELAY"])
seen = {"GET": 0, "POST": 0}


class Slow(BaseHTTPRequestHandler):
    """Answers every path; what it holds of todos is nothing."""

    def do_GET(self) -> None:
        """A page without todos, late; /seen at once."""
        if self.path == "/seen":
            self._answer(200, dict(seen))
            return
        seen["GET"] += 1
        time.sleep(DELAY)
        self._answer(200, {"items": [], "total": 0, "limit": 50, "offset": 0})

    def do_POST(self) -> None:
        """A todo, late."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen["POST"] += 1
        time.sleep(DELAY)
        self._answer(201, {"id": seen["POST"], "title": "late", "done": False})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # the first process of a container ignores it
ThreadingHTTPServer(("", 8000), Slow).serve_forever()
