"""A web server: /, /ready, /healthz and PATHS answer 200; TLS with CERT_DIR, mutual with CLIENT_CA."""

import hashlib
import http.server
import os
import signal
import ssl
import sys
import time

KNOWN = {"/", "/ready", "/healthz", *os.environ.get("PATHS", "").split()}
DELAY = float(os.environ.get("DELAY", "0"))
WORK = int(os.environ.get("WORK", "1"))
VERSION = os.environ.get("VERSION", "v1")


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        began = time.monotonic()
        hashlib.pbkdf2_hmac("sha256", b"", b"", WORK)
        if self.path == "/":
            time.sleep(DELAY)
        status = 200 if self.path in KNOWN else 404
        self.send_response(status)
        self.end_headers()
        self.wfile.write(f"{VERSION}\n".encode())
        print(f"INFO GET {self.path} {status} {(time.monotonic() - began) * 1000:.0f} ms", flush=True)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        error = sys.exc_info()[1]
        if not isinstance(error, ssl.SSLEOFError | ConnectionError):  # a probe only connects
            print(f"ERROR {address[0]}: {error}", flush=True)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server = Server(("", int(os.environ.get("PORT", "8000"))), Web)
if folder := os.environ.get("CERT_DIR"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    if authority := os.environ.get("CLIENT_CA"):
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(f"INFO listening on port {server.server_port}", flush=True)
server.serve_forever()
