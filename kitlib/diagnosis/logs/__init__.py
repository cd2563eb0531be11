"""What the log of a container says went wrong: from text to typed statements, without a cluster."""

from kitlib.diagnosis.logs.said import Kind, Said
from kitlib.diagnosis.logs.understanding import understand

__all__ = ["Kind", "Said", "understand"]
