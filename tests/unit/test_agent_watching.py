"""What a watch makes of a stream that is no JSON; watches of a real API server are in tests/embedded."""

from __future__ import annotations

import time
from types import SimpleNamespace

from kitlib.agent.watching import WATCHABLE, Watch

GARBAGE = b'{"type": "MODIFIED", "object": \x17\x03\x03\n'


class Server:
    """An API server that lists nothing, and then sends what it is given, for each watch."""

    def __init__(self, *streams):
        self.streams = list(streams)
        self.api = self

    def raw(self, _verb, _path, *, query, read_seconds=None):
        if "watch" not in query:
            return SimpleNamespace(data=b'{"metadata": {"resourceVersion": "7"}, "items": []}')
        chunks = self.streams.pop(0) if self.streams else lambda: iter(())
        return SimpleNamespace(
            stream=lambda _size: chunks(), release_conn=lambda: None, shutdown=lambda: None
        )


def watch(server):
    return Watch(server, WATCHABLE["pods"], "here", lambda: None)


def until(true):
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_stream_that_is_no_json_is_begun_again():
    server = Server(lambda: iter([GARBAGE]))
    seen = watch(server)
    seen.start()
    until(lambda: seen.calls >= 4)
    assert seen._thread.is_alive()
    seen.stop()
    assert not seen._thread.is_alive()


def test_what_is_read_after_the_end_is_not_taken_for_an_event():
    def ended():
        seen._stop.set()
        yield GARBAGE

    server = Server(ended)
    seen = watch(server)
    seen._follow()  # raises nothing
    assert seen.error == ""
