"""The application in the cluster: its images, its Helm release, and how it is."""

from kitlib.app.lifecycle import AppStatus, down, status, up, way_in

__all__ = ["AppStatus", "down", "status", "up", "way_in"]
