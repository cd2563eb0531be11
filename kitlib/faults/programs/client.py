"""A service that needs another, at UPSTREAM (tcp, http, https or redis): not ready unless that answers."""

import http.server
import os
import signal
import socket
import ssl
import threading
import time
import urllib.parse

PORTS = {"http": 80, "https": 443, "redis": 6379}
UPSTREAM = os.environ["UPSTREAM"]
URL = urllib.parse.urlsplit(UPSTREAM)
SECONDS = 3
state = {"ready": False}


def ask():
    """Raise unless the upstream answers."""
    address = os.environ.get("CONNECT_TO") or URL.hostname, URL.port or PORTS[URL.scheme]
    with socket.create_connection(address, SECONDS) as plain:
        if URL.scheme == "tcp":
            return
        with secured(plain) if URL.scheme == "https" else plain as connection:
            request = f"GET {URL.path or '/'} HTTP/1.1\r\nHost: {URL.hostname}\r\nConnection: close\r\n\r\n"
            connection.sendall(b"PING\r\n" if URL.scheme == "redis" else request.encode())
            answer = connection.recv(1024).split(b"\r\n")[0].decode(errors="replace")
    if answer != "+PONG" and " 200 " not in answer:
        raise ConnectionError(f"it answered {answer!r}")


def secured(plain):
    context = ssl.create_default_context(cafile=os.environ.get("CA_FILE"))
    if folder := os.environ.get("CLIENT_CERT"):
        context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    return context.wrap_socket(plain, server_hostname=URL.hostname)


def watch():
    while True:
        try:
            ask()
            if not state["ready"]:
                print(f"INFO {UPSTREAM} answers", flush=True)
            state["ready"] = True
        except OSError as error:
            state["ready"] = False
            print(f"ERROR cannot reach {UPSTREAM}: {error}", flush=True)
        time.sleep(1)


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.path == "/ready" and not state["ready"] else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
threading.Thread(target=watch, daemon=True).start()
http.server.ThreadingHTTPServer(("", 8000), Web).serve_forever()
