"""What the agent's pod says over HTTP: its metrics, whether it lives, and whether it can do its work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from kitlib.agent.status import AgentStatus

if TYPE_CHECKING:
    from prometheus_client.core import Metric

LATE_SECONDS = 180.0  # a diagnosis of a large workload takes its time
GAUGES = ("watched", "pending", "executed_last_hour", "budget_left")
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Pulse:
    """When each loop of the process came round last.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        """Say that a loop came round."""
        self._last[loop] = self._clock()

    def end(self, loop: str) -> None:
        """Say that a loop ended, as it should."""
        self._last.pop(loop, None)

    def late(self) -> list[str]:
        """The loops that have not come round for three minutes."""
        now = self._clock()
        return [loop for loop, at in dict(self._last).items() if now - at > LATE_SECONDS]


@dataclass(frozen=True)
class Health:
    """What the pod answers from.

    Args:
        pulse: the loops that must come round.
        leads: whether this replica acts.
        ready: why the replica can't do its work; empty: it can.
        status: the agent's, where it runs.
        waiting: how many notices were not delivered yet.
    """

    pulse: Pulse
    leads: Callable[[], bool]
    ready: Callable[[], str]
    status: Callable[[], AgentStatus | None]
    waiting: Callable[[], int]

    def collect(self) -> Iterator[Metric]:
        """The metrics, as they are now; each number of the status is one."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        yield GaugeMetricFamily("kit_agent_leader", "Whether this replica acts.", value=float(self.leads()))
        yield GaugeMetricFamily(
            "kit_agent_notices_waiting", "Notices that were not delivered yet.", value=self.waiting()
        )
        found = self.status()
        if found is None:
            return
        phase = GaugeMetricFamily("kit_agent_phase", "The phase that the agent is in.", labels=["phase"])
        phase.add_metric([found.phase], 1.0)
        yield phase
        for name in (item.name for item in fields(found)):
            value = getattr(found, name)
            if isinstance(value, int):
                family = GaugeMetricFamily if name in GAUGES else CounterMetricFamily
                yield family(f"kit_agent_{name}", f"AgentStatus.{name}: {_said(name)}.", value=value)


class Server:
    """The HTTP server; it listens from the start.

    Args:
        health: what it answers from.
        port: 0: any that is free.
        address: of this machine.
    """

    def __init__(self, health: Health, port: int, address: str = "") -> None:
        self._server = make_server(address, port, application(health), _Server, handler_class=_Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def application(health: Health) -> Wsgi:
    """/metrics, /healthz and /readyz as a WSGI application."""
    from prometheus_client import CollectorRegistry, make_wsgi_app

    registry = CollectorRegistry()
    registry.register(health)
    metrics: Wsgi = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return metrics(environ, start)
        if path == "/healthz":
            late = health.pulse.late()
            return _say(start, f"no sign of life from: {', '.join(late)}" if late else "")
        if path == "/readyz":
            return _say(start, health.ready())
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"/metrics, /healthz and /readyz are here\n"]

    return answer


def _say(start: Callable[..., Any], trouble: str) -> Iterable[bytes]:
    start("503 Service Unavailable" if trouble else "200 OK", [("Content-Type", "text/plain")])
    return [f"{trouble or 'ok'}\n".encode()]


def _said(name: str) -> str:
    return "as of now" if name in GAUGES else "since the agent started"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A probe every few seconds is no news."""
