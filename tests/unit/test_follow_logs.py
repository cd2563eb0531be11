"""A log that is followed: lines come once, in order, also over a connection that breaks."""

from __future__ import annotations

import pytest
import urllib3

from kitlib.cluster import Resource, follow
from kitlib.errors import ClusterUnreachable, Forbidden, NotFound


class Answer:
    """A log's answer: chunks of bytes, and then maybe a broken connection."""

    def __init__(self, *chunks, broken=False):
        self.chunks, self.broken = chunks, broken

    def stream(self, _size):
        yield from self.chunks
        if self.broken:
            raise urllib3.exceptions.ProtocolError("Connection broken")

    def release_conn(self):
        pass


class Fake:
    """A cluster whose log requests are answered from a list; its pod ends with the last."""

    namespace = "kit-runs"

    def __init__(self, *answers):
        self.answers, self.queries, self.api = list(answers), [], self

    def raw(self, _method, _path, *, query):
        self.queries.append(query)
        found = self.answers.pop(0) if self.answers else Answer()
        if isinstance(found, Exception):
            raise found
        return found

    def find(self, _kind, _name):
        state = {"terminated": {"exitCode": 0}} if not self.answers else {"running": {}}
        return Resource(status={"containerStatuses": [{"name": "runbook", "state": state}]})


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(follow, "RETRY_SECONDS", 0.0)


def read(cluster):
    return list(follow.lines(cluster, "p", "runbook"))


def test_lines_come_whole_whatever_the_chunks_are():
    cluster = Fake(Answer(b"2026-01-01T00:00:01.5Z o", b"ne\n2026-01-01T00:00:02Z two\xc3", b"\xa9\n"))
    assert read(cluster) == ["one", "twoé"]
    assert "sinceTime" not in cluster.queries[0]


def test_a_broken_connection_is_taken_up_where_it_broke():
    first = b"2026-01-01T00:00:01.1Z one\n2026-01-01T00:00:01.15Z two\n"
    again = first + b"2026-01-01T00:00:01.2Z three\n"
    cluster = Fake(Answer(first, broken=True), ClusterUnreachable("gone"), Answer(again))
    assert read(cluster) == ["one", "two", "three"]
    assert cluster.queries[2]["sinceTime"] == "2026-01-01T00:00:01Z"


def test_what_was_written_while_the_connection_was_broken_is_not_lost():
    """The container ends before anybody asks again."""
    cluster = Fake(Answer(b"2026-01-01T00:00:01Z one\n", broken=True), Answer(b"2026-01-01T00:00:02Z two\n"))
    assert read(cluster) == ["one", "two"]


def test_fractions_of_a_second_are_compared_as_numbers():
    stamps = [follow.stamped(f"2026-01-01T00:00:01{part}Z x")[0] for part in ("", ".1", ".15", ".2")]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == 4


def test_a_pod_that_is_gone_ends_the_log():
    assert read(Fake(NotFound("gone", status=404))) == []


def test_what_may_not_be_read_is_said():
    with pytest.raises(Forbidden):
        read(Fake(Forbidden("no", status=403)))


def test_a_server_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(follow, "PATIENCE_SECONDS", -1.0)
    with pytest.raises(ClusterUnreachable):
        read(Fake(ClusterUnreachable("gone")))
