"""The program in the reader's pod: hands out the records on a volume, to whoever knows the token.

    python -m kitlib.runbooks.remote.reader FOLDER PORT

`/TOKEN/list` names what there is, `/TOKEN/NAME.tar.gz` is one pod's `runs/` and `state/`. The token keeps
other pods of the cluster from reading along.
"""

from __future__ import annotations

import hmac
import io
import json
import os
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PARTS = ("runs", "state")
ENDING = ".tar.gz"
LEFT_OUT = ("digest.key", ".reserve")  # the key by which plans are named, and what keeps a full disk off


def listing(base: Path) -> list[dict[str, Any]]:
    """Each pod that left records, oldest first, and the names of their folders."""
    found = [
        {"pod": folder.name, "runs": sorted(path.parent.name for path in folder.glob("runs/*/record.json"))}
        for folder in base.iterdir()
        if (folder / "runs").is_dir()
    ]
    return sorted((item for item in found if item["runs"]), key=lambda item: item["runs"][0])


def archive(base: Path, name: str) -> bytes | None:
    """What a pod left, as a gzipped tar; None when there is nothing of that name."""
    if name not in {item["pod"] for item in listing(base)}:  # so no name leads out of the folder
        return None
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        for part in PARTS:
            if (base / name / part).is_dir():
                made.add(base / name / part, part, filter=_plain)
    return file.getvalue()


def server(base: Path, port: int, token: str) -> ThreadingHTTPServer:
    """The HTTP server; it answers once `serve_forever` is called."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._send(200, b"ok")
                return
            given, _, what = self.path.removeprefix("/").partition("/")
            body = _answer(base, what) if hmac.compare_digest(given, token) else None
            self._send(404 if body is None else 200, body or b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the path holds the token."""

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer(("", port), Handler)


def main() -> None:
    """Serve until the pod is deleted."""
    base, port = Path(sys.argv[1]), int(sys.argv[2])
    server(base, port, os.environ["KIT_READER_TOKEN"]).serve_forever()


def _answer(base: Path, what: str) -> bytes | None:
    if what == "list":
        return json.dumps(listing(base)).encode()
    return archive(base, what.removesuffix(ENDING)) if what.endswith(ENDING) else None


def _plain(item: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Files and folders only, without what is of no use elsewhere."""
    return item if (item.isfile() or item.isdir()) and Path(item.name).name not in LEFT_OUT else None


if __name__ == "__main__":
    main()
