"""A control plane as plain processes of the current user: no root, no Docker, no containers.

`running` gives a throw-away cluster that ends with the block, and with the process even when that is killed;
the provider `embedded` keeps one until `kit cluster down`.
"""

from kitlib.cluster.embedded.plane import ControlPlane, running

__all__ = ["ControlPlane", "running"]
