"""A container registry with one image, shop/web:1.0, that can sleep; with REGISTRY_USER a private one."""

import base64
import hashlib
import http.server
import io
import json
import os
import platform
import re
import signal
import subprocess
import tarfile

TYPE = "application/vnd.oci.image"
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def layer():
    """A tar of `sleep` and the libraries it needs."""
    files = re.findall(r"(/\S+) \(0x", subprocess.check_output(["ldd", "/bin/sleep"], text=True))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as archive:
        for path in ["/bin/sleep", *files]:
            archive.add(os.path.realpath(path), path.lstrip("/"))
    return buffer.getvalue()


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def described(content, kind):
    return {"mediaType": f"{TYPE}.{kind}", "digest": digest(content), "size": len(content)}


LAYER = layer()
root = {"type": "layers", "diff_ids": [digest(LAYER)]}
machine = MACHINES.get(platform.machine(), platform.machine())
CONFIG = json.dumps({"os": "linux", "architecture": machine, "rootfs": root, "config": {}}).encode()
parts = {"config": described(CONFIG, "config.v1+json"), "layers": [described(LAYER, "layer.v1.tar")]}
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": f"{TYPE}.manifest.v1+json", **parts}).encode()
BLOBS = {f"/v2/shop/web/blobs/{digest(content)}": content for content in (LAYER, CONFIG)}
MANIFESTS = {f"/v2/shop/web/manifests/{name}": MANIFEST for name in ("1.0", digest(MANIFEST))}


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/healthz":
            return self.answer(200, b"", "text/plain")
        if not self.known():
            return self.refuse(401, "UNAUTHORIZED", "authentication required")
        if path in MANIFESTS:
            return self.answer(200, MANIFEST, f"{TYPE}.manifest.v1+json")
        if path in BLOBS:
            return self.answer(200, BLOBS[path], "application/octet-stream")
        if path == "/v2/":
            return self.answer(200, b"{}", "application/json")
        known = path.startswith("/v2/shop/web/")
        code = "MANIFEST_UNKNOWN" if known else "NAME_UNKNOWN"
        return self.refuse(
            404, code, "manifest unknown" if known else "repository name not known to registry"
        )

    do_HEAD = do_GET

    def known(self):
        pair = f"{os.environ.get('REGISTRY_USER', '')}:{os.environ.get('REGISTRY_PASSWORD', '')}"
        wanted = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return pair == ":" or self.headers.get("Authorization") == wanted

    def refuse(self, status, code, message):
        self.answer(
            status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), "application/json"
        )

    def answer(self, status, content, kind):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="shop"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 200:
            self.send_header("Docker-Content-Digest", digest(content))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Registry).serve_forever()
