"""A cluster with verbs, and the providers that make one."""

from kitlib.cluster.cluster import Applied, Cluster
from kitlib.cluster.resource import Resource, ResourceList

__all__ = ["Applied", "Cluster", "Resource", "ResourceList"]
