"""Whether a container registry answers here: the engine is asked once, for the image that is wanted."""

from __future__ import annotations

from functools import lru_cache

from kitlib import tools
from kitlib.errors import CommandTimeout
from kitlib.settings import get_settings

NODE_IMAGE = "kindest/node:v1.34.0"  # the newest minor version that accepts cgroup v1 by default


@lru_cache
def answers() -> bool:
    """True when images can be pulled; KIT_REGISTRY=online or offline decides without asking."""
    chosen = get_settings().registry
    if chosen != "auto":
        return chosen == "online"
    try:
        done = tools.run(["docker", "manifest", "inspect", NODE_IMAGE], check=False, timeout=20)
    except CommandTimeout:
        return False
    return done.returncode == 0
