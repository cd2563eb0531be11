"""A service that lists ConfigMaps of its namespace as its ServiceAccount: not ready while that is refused."""

import http.server
import json
import os
import signal
import ssl
import threading
import time
import urllib.error
import urllib.request

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
HOST, PORT = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
NAMESPACE = open(f"{FOLDER}/namespace").read()
URL = f"https://{HOST}:{PORT}/api/v1/namespaces/{NAMESPACE}/configmaps"
state = {"ready": False}


def watch():
    context = ssl.create_default_context(cafile=f"{FOLDER}/ca.crt")
    while True:
        token = open(f"{FOLDER}/token").read()
        request = urllib.request.Request(URL, headers={"Authorization": f"Bearer {token}"})
        try:
            urllib.request.urlopen(request, context=context, timeout=5).read()
            state["ready"] = True
        except urllib.error.HTTPError as error:
            state["ready"] = False
            print(f"ERROR {error.code}: {json.loads(error.read())['message']}", flush=True)
        time.sleep(2)


class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if state["ready"] else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
threading.Thread(target=watch, daemon=True).start()
http.server.ThreadingHTTPServer(("", 8000), Web).serve_forever()
