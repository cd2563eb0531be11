"""The last words of a container: of the run before it was restarted, else what there still is."""

from __future__ import annotations

import pytest

from kitlib.cluster import Resource
from kitlib.errors import Invalid, NotFound
from kitlib.operations import incidents


class Logs:
    """Answers as the kubelet does: a log, or an error when its container is gone or has not started."""

    def __init__(self, now, before):
        self.found = {False: now, True: before}

    def logs(self, pod, *, container, previous, tail):
        answer = self.found[previous]
        if isinstance(answer, Exception):
            raise answer
        return answer


def pod(restarts):
    status = {"name": "web", "restartCount": restarts}
    state = {"phase": "Running", "containerStatuses": [status]}
    return Resource({"kind": "Pod", "metadata": {"name": "a"}, "status": state})


GONE, NOT_STARTED = NotFound("the log of a was removed"), Invalid("container is waiting to start")


@pytest.mark.parametrize(
    ("restarts", "now", "before", "which", "text"),
    [
        (0, "hello\n", GONE, "its log", "hello"),
        (0, "", GONE, "its log", "(nothing)"),
        (2, "starting", "it crashed\n", "its run before", "it crashed"),
        (2, "it crashed again", GONE, "its log", "it crashed again"),
        (2, NOT_STARTED, GONE, "no log", "container is waiting to start"),
        (0, NOT_STARTED, GONE, "no log", "container is waiting to start"),
    ],
)
def test_the_last_words_of_a_container(restarts, now, before, which, text):
    found = list(incidents.last_words(Logs(now, before), pod(restarts)))
    assert found == [(f"a, web: {which} (Running, {restarts} restarts)", text)]


def test_a_timeline_in_markdown_keeps_each_moment_on_its_line():
    at = incidents.datetime(2026, 1, 8, 3, 4, 5, tzinfo=incidents.UTC)
    moments = [incidents.Moment(at, "Pod/a", "Unhealthy: it said\n a | b", "event")]
    assert incidents.markdown(moments).splitlines()[-1] == (
        "| 03:04:05 | Pod/a | Unhealthy: it said a \\| b | event |"
    )
