"""Add-ons of a cluster: what it does not bring itself, and the application's manifests ask for.

`ingress` answers Ingresses of class nginx, `network-policy` enforces NetworkPolicies, and `metrics-server`
measures pods for `kubectl top` and autoscaling.
"""

from kitlib.cluster.addons.catalogue import ADDONS, Addon, find
from kitlib.cluster.addons.lifecycle import AddonState, await_leaving, disable, enable, overview

__all__ = ["ADDONS", "Addon", "AddonState", "await_leaving", "disable", "enable", "find", "overview"]
