"""The agent's pod, as a process.

`python -m kitlib.agent.pod NAME` runs the agent of the AgentConfig NAME in the pod's namespace, with POD_NAME
and POD_NAMESPACE from the kubelet. It ends with 0 when it was told to, and with 1 when a part of it can't be
stopped or has failed: then only a new process is sure to be alone.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kitlib import connect
from kitlib.agent import operations, starting
from kitlib.agent.events import Listener
from kitlib.agent.operations import OperationsPolicy
from kitlib.agent.replica import MakeAgent, Replica
from kitlib.agent.running import Worker
from kitlib.agent.serving import Pulse, Server
from kitlib.cluster import Cluster, in_pod
from kitlib.errors import KitError
from kitlib.settings import get_settings
from kitlib.specs.models.agent import AgentConfig

PORT = 8080
_log = logging.getLogger("kitlib.agent.pod")


def agent_maker(cluster: Cluster, pulse: Pulse, policy: OperationsPolicy) -> MakeAgent:
    """What makes the agent that this pod is for.

    Args:
        cluster: acting as the pod's ServiceAccount.
        pulse: told whenever the agent's loop looks at the clock.
        policy: the AI operations specification.
    """

    def make(
        config: AgentConfig,
        listener: Listener,
        may_act: Callable[[], bool],
        before_change: Callable[[], None],
    ) -> Worker:
        def clock() -> datetime:
            pulse.beat("agent")
            return starting.now()

        return starting.make(
            config,
            cluster,
            policy,
            listener=listener,
            may_act=may_act,
            before_change=before_change,
            clock=clock,
        )

    return make


def main() -> int:
    """The process; returns its exit code."""
    parser = argparse.ArgumentParser(prog="kitlib.agent.pod")
    parser.add_argument("name")
    parser.add_argument("--operations", type=Path, default=None)
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kopf").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        cluster = connect(in_pod.CONTEXT, namespace=os.environ["POD_NAMESPACE"])
        pulse = Pulse()
        policy = operations.load(given.operations) if given.operations else OperationsPolicy()
        make = agent_maker(cluster, pulse, policy)
        acts = {row.act for row in policy.permissions}
        folder = get_settings().state_dir
        replica = Replica(cluster, given.name, os.environ["POD_NAME"], folder, make, pulse, acts=acts)
        server = Server(replica.health, given.port)
        replica.run(stop)
        server.close()
    except KitError as error:
        _log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
