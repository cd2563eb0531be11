"""An admission webhook that allows everything; with LIMIT it sets the memory limit of a pod's container."""

import base64
import http.server
import json
import os
import signal
import ssl


class Guard(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # the readiness probe
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": True}
        if limit := os.environ.get("LIMIT"):
            place = "/spec/containers/0/resources/limits/memory"
            patch = json.dumps([{"op": "replace", "path": place, "value": limit}])
            answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch.encode()).decode()}
        body = json.dumps(
            {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
server = http.server.ThreadingHTTPServer(("", 8443), Guard)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
