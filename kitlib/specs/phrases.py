"""Phrases of the specifications, read: `3x with exponential backoff`, `Non-root (UID 1000)`, `Yes (3 AZ)`."""

from __future__ import annotations

import re
from typing import Any

from kitlib.specs.markdown import plain
from kitlib.specs.values import BadValue, choice, command, listed, nearest, without_brackets, yes

_NAME = r"[A-Z_][A-Z0-9_]*"


def retry(value: str) -> dict[str, Any]:
    """`3x with exponential backoff`, `3x`, `none`."""
    if value.strip().lower() in ("none", "no", "0"):
        return {"attempts": 0}
    match = re.fullmatch(
        r"(\d{1,3})\s*(?:x|times)?(?:,?\s*(?:with\s+)?(?P<how>\w+)\s+back-?off)?", value.strip(), re.I
    )
    if not match:
        raise BadValue("3x, 3x with exponential backoff, 3x with fixed backoff, or none")
    how = (match["how"] or "none").lower()
    if how not in ("none", "fixed", "exponential"):
        raise BadValue("exponential or fixed backoff", nearest(how, ("fixed", "exponential")))
    return {"attempts": int(match[1]), "backoff": how}


def managed(value: str) -> tuple[str, bool]:
    """`PostgreSQL (managed)`."""
    return without_brackets(value), bool(re.search(r"\(\s*managed\s*\)\s*$", plain(value), re.IGNORECASE))


def hosts(value: str) -> tuple[list[str], list[str]]:
    """`app.example.com; todo.local (development)`: the hosts of production, and of development."""
    sides: tuple[list[str], list[str]] = ([], [])
    for part in re.split(r"[,;]", plain(value)):
        match = re.fullmatch(r"\s*([A-Za-z0-9.*-]{1,253})\s*(\((?:development|dev)\))?\s*", part)
        if not match:
            raise BadValue("host names, such as app.example.com; todo.local (development)")
        sides[bool(match[2])].append(match[1].lower())
    return sides


def check(value: str) -> dict[str, Any] | None:
    """A health check: `GET /health/live every 15s, timeout 5s, 3 failures`; none is `None`."""
    if plain(value).lower() in ("none", "-"):
        return None
    if match := re.fullmatch(r"GET\s+(/\S*?)((?:\s|,).*)?", value, re.IGNORECASE | re.DOTALL):
        found: dict[str, Any] = {"path": plain(match[1])}
    elif match := re.fullmatch(r"`([^`]+)`(.*)", value, re.DOTALL):
        found = {"command": command(match[1])}
    else:
        raise BadValue("GET and a path, such as GET /health/live, or a command between backticks")
    for part in re.split(r"\s*,\s*", (match[2] or "").strip(" ,")):
        if part:
            found |= _timing(part)
    return found


def _timing(part: str) -> dict[str, int]:
    patterns = {
        "period_seconds": r"every\s+(\d{1,5})\s*s(?:econds?)?",
        "timeout_seconds": r"timeout\s+(\d{1,5})\s*s(?:econds?)?",
        "failures": r"(\d{1,5})\s+failures?",
    }
    for name, pattern in patterns.items():
        if match := re.fullmatch(pattern, part.strip(), re.IGNORECASE):
            return {name: int(match[1])}
    raise BadValue("every 15s, timeout 5s, 3 failures behind the check")


def user(value: str) -> tuple[bool, int]:
    """`Non-root (UID 1000)`."""
    match = re.fullmatch(r"(non-?\s?root|root)\s*(?:\(\s*UID:?\s*(\d{1,10})\s*\))?", plain(value), re.I)
    if not match or (match[1].lower() != "root" and not match[2]):
        raise BadValue("the kind of user and its number, such as Non-root (UID 1000)")
    return match[1].lower() != "root", int(match[2] or 0)


def read_only(value: str) -> bool:
    """`Read-only root`, or `Writable root`."""
    found = plain(value).lower()
    if match := re.fullmatch(r"(read-?\s?only|writable|read-?\s?write)(\s+(root|root file ?system))?", found):
        return "only" in match[1]
    raise BadValue("Read-only root or Writable root", nearest(found, ("Read-only root", "Writable root")))


def capabilities(value: str) -> list[str]:
    """`Drop all`, `Drop NET_RAW, SYS_ADMIN`, or `Keep`: which are dropped."""
    found = plain(value)
    if found.lower() in ("keep", "none", "keep default"):
        return []
    match = re.fullmatch(r"drop\s+([A-Za-z_]+(?:\s*,\s*[A-Za-z_]+)*)", found, re.IGNORECASE)
    if not match:
        raise BadValue("Drop all", nearest(found, ("Drop all", "Keep")))
    return [part.strip().upper() for part in match[1].split(",")]


def available(value: str) -> tuple[bool, int]:
    """`Yes (3 AZ)`: whether, and over how many zones."""
    match = re.search(r"\(\s*(\d{1,2})\s*(?:AZs?|zones?)\s*\)\s*$", plain(value), re.IGNORECASE)
    return yes(value), int(match[1]) if match else 1


def kind_of_plane(value: str) -> tuple[str, list[str]]:
    """`Managed (EKS/GKE/AKS)`."""
    match = re.search(r"\(([^()]*)\)\s*$", plain(value))
    return choice("Managed", "Self-managed")(value), listed(match[1]) if match else []


def providers(value: str) -> list[str]:
    """`AWS/GCP/Azure`."""
    found = listed(value)
    if not found:
        raise BadValue("AWS, GCP, Azure or On-premises")
    return [choice("AWS", "GCP", "Azure", "On-premises")(part) for part in found]


def backup(value: str) -> dict[str, Any]:
    """`Daily snapshots, 7-day retention`."""
    match = re.fullmatch(r"(\w+)\s+snapshots?\s*,\s*(\d{1,5})[- ]days?\s+retention", plain(value), re.I)
    if not match:
        raise BadValue("a schedule and a retention, such as Daily snapshots, 7-day retention")
    return {"schedule": choice("Hourly", "Daily", "Weekly")(match[1]), "retention_days": int(match[2])}


def variables(value: str) -> dict[str, str]:
    """`LOG_LEVEL=DEBUG, CORS_ORIGINS=http://a,http://b`."""
    found = plain(value)
    if found in ("", "-"):
        return {}
    result: dict[str, str] = {}
    for part in re.split(rf"[,;\s]+(?={_NAME}=)", found):
        name, sign, content = part.partition("=")
        if not sign or not re.fullmatch(_NAME, name) or name in result:
            raise BadValue("variables, each once, such as LOG_LEVEL=DEBUG, RATE_LIMIT=100")
        result[name] = content.strip(" ,;")
    return result


def pod_security(value: str) -> str:
    """`Restricted standards`."""
    return choice("Restricted", "Baseline", "Privileged")(
        re.sub(r"\s+standards?$", "", plain(value), flags=re.I)
    )


def taints(value: str) -> list[str]:
    """`workload=memory:NoSchedule, spot:NoExecute`; `None` is none."""
    found = plain(value)
    if found.lower() in ("none", "-", ""):
        return []
    return [part.strip() for part in found.split(",")]
