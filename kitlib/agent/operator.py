"""The operator: an AgentConfig in the cluster becomes an agent that runs, and says so in its status.

kopf watches the one AgentConfig that this pod is for, without finalizers or annotations of its own; our Lease
decides which replica does so, hence `standalone`. A deletion that a broken watch misses shows when the status
can't be written.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from kitlib.agent import custom_resource
from kitlib.agent.custom_resource import Condition
from kitlib.agent.events import Listener, Notice
from kitlib.agent.housekeeping import Housekeeping
from kitlib.agent.names import Act
from kitlib.agent.object_events import Both, ObjectEvents
from kitlib.agent.permissions import access_of
from kitlib.agent.running import STOP_SECONDS, Running, Worker
from kitlib.agent.serving import Pulse
from kitlib.agent.status import AgentStatus
from kitlib.cluster import Cluster
from kitlib.errors import ApiError, ClusterUnreachable, KitError, NotFound
from kitlib.runbooks.remote.permissions import review
from kitlib.specs.models.agent import AgentConfig

if TYPE_CHECKING:
    import kopf

STATUS_SECONDS = 5.0
_log = logging.getLogger("kitlib.agent.operator")


Make = Callable[[AgentConfig, Listener], Worker]


class Operator:
    """Watches one AgentConfig while this replica leads.

    Args:
        cluster: acting in the agent's own namespace, as its ServiceAccount.
        keeping: what may be written there.
        make: makes the agent of a configuration; raises KitError when its rules can't be followed.
        listener: who is told, beside the object's own events.
        leader: what this replica is called in the status.
        pulse: told that the loops come round.
        acts: what the agent may do beyond its configuration's actions.
    """

    def __init__(
        self,
        cluster: Cluster,
        keeping: Housekeeping,
        make: Make,
        listener: Callable[[AgentConfig], Listener],
        leader: str,
        pulse: Pulse,
        acts: Collection[Act] = (),
    ) -> None:
        self._cluster = cluster
        self._keeping = keeping
        self._make = make
        self._listener = listener
        self._leader = leader
        self._pulse = pulse
        self._acts = acts
        self._lock = threading.RLock()
        self._running: Running | None = None
        self._conditions: list[Condition] = []
        self._seen: tuple[str, int] = ("", 0)
        self._last: Notice | None = None
        self._written: dict[str, Any] = {}
        self._stuck = False
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop, then end the agent.

        Raises:
            KitError: the agent did not end.
        """
        import kopf

        self._stop = stop
        writer = threading.Thread(target=self._write, args=(stop,), name="status", daemon=True)
        writer.start()
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        kopf.on.event("kagent.io", "v1", "agentconfigs", registry=registry)(self._changed)
        try:
            if self._served(stop):
                kopf.run(
                    registry=registry,
                    settings=_settings(),
                    standalone=True,
                    namespaces=[self._keeping.namespace],
                    stop_flag=stop,
                )
        finally:
            stop.set()
            writer.join(STOP_SECONDS)
            with self._lock:
                self._end("this replica no longer leads")
        if self._stuck:
            raise KitError("the agent did not end in time, so its process must")

    def status(self) -> AgentStatus | None:
        """The agent's; none while no agent runs."""
        running = self._running
        return running.worker.status() if running else None

    def _changed(self, body: kopf.Body, type: str | None, **_: Any) -> None:
        """A watch event: the object is there, was changed, or is gone."""
        if body["metadata"]["name"] != self._keeping.name:
            return
        with self._lock:
            if type == "DELETED":
                self._seen = ("", 0)
                self._end("the AgentConfig was deleted")
                return
            seen = (str(body["metadata"]["uid"]), int(body["metadata"]["generation"]))
            if seen != self._seen:
                self._end("the AgentConfig was changed")
                if not self._stuck:
                    self._begin(dict(body), contextvars.copy_context())
                    self._seen = seen

    def _begin(self, body: Mapping[str, Any], context: contextvars.Context) -> None:
        tell = ObjectEvents(body, context, self._note)
        config, trouble = custom_resource.read(body)
        found = [Condition("Valid", config is not None, "Read" if config else "NotValid", trouble)]
        if config is not None:
            try:
                worker = self._make(config, Both(self._listener(config), tell))
                found.append(self._permitted(config))
                self._running = Running(worker)
            except KitError as error:
                found = [Condition("Valid", False, "NotValid", f"{error.message} {error.fix}".strip())]
        self._conditions = [item.after(self._conditions) for item in found]
        tell.say(
            "Normal" if self._running else "Warning", found[0].reason, found[0].message or "the agent runs"
        )

    def _permitted(self, config: AgentConfig) -> Condition:
        try:
            answers = review(self._cluster, access_of(config, self._acts).needs)
        except (ApiError, ClusterUnreachable) as error:
            return Condition("Permitted", False, "NotKnown", error.message)
        missing = ", ".join(str(item.need) for item in answers if not item.allowed)
        return Condition("Permitted", not missing, "Missing" if missing else "Granted", missing)

    def _end(self, reason: str) -> None:
        """End the agent; one that does not end in time ends this whole replica."""
        running, self._running = self._running, None
        if running is None:
            return
        _log.info("the agent ends: %s", reason)
        ended = running.end()
        self._pulse.end("agent")
        if not ended:
            self._stuck = True
            self._stop.set()

    def _note(self, notice: Notice) -> None:
        self._last = notice

    def _write(self, stop: threading.Event) -> None:
        """Keep the object's status as it is; what can't be written now is written next time."""
        while not stop.wait(STATUS_SECONDS):
            self._pulse.beat("status")
            self.write_status()
        self._pulse.end("status")

    def write_status(self) -> None:
        """Write the status, if it is another than the last."""
        with self._lock:
            uid, generation = self._seen
            running = self._running
            if not uid:
                return
            conditions = [*self._conditions]
            if running and (running.trouble or not running.alive):
                trouble = running.trouble or "its thread ended by a fault"
                conditions.append(Condition("Running", False, "Stopped", trouble))
            status = custom_resource.status_of(
                generation, conditions, self.status(), self._last, self._leader
            )
            if status == self._written:
                return
            try:
                self._keeping.write_status(status)
                self._written = status
            except NotFound:
                self._seen = ("", 0)
                self._end("the AgentConfig is gone")
            except (ApiError, ClusterUnreachable) as error:
                _log.warning("the status can't be written: %s", error.message)

    def _served(self, stop: threading.Event) -> bool:
        """Wait until the API server knows AgentConfigs: kopf looks once."""
        while not stop.is_set():
            self._pulse.beat("definition")
            try:
                self._cluster.list("AgentConfig", api_version="kagent.io/v1")
                break
            except (ApiError, ClusterUnreachable) as error:
                _log.warning("AgentConfigs can't be read: %s", error.message)
                stop.wait(STATUS_SECONDS)
        self._pulse.end("definition")
        return not stop.is_set()

    def _login(self, **_: Any) -> kopf.ConnectionInfo:
        """The pod's own credentials, read anew each time that the server no longer takes the old ones."""
        import kopf
        from kubernetes.client import Configuration

        found = Configuration()
        self._cluster.api.binding.configure(found)
        header = str(found.auth_settings().get("BearerToken", {}).get("value") or "")
        scheme, token = header.split(" ", 1) if header else ("", "")
        return kopf.ConnectionInfo(
            server=found.host,
            ca_path=found.ssl_ca_cert,
            insecure=not found.verify_ssl,
            scheme=scheme or None,
            token=token or None,
            certificate_path=found.cert_file,
            private_key_path=found.key_file,
        )


def _settings() -> kopf.OperatorSettings:
    """kopf without what it would need more rights for, and without ending the process by itself."""
    import kopf

    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.loggers = False
    settings.process.ultimate_exiting_timeout = None
    return settings
