"""What sounds like an error and is none: access logs, handled failures, retries that succeeded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kitlib.diagnosis.logs.addresses import address
from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.said import Kind, Said

# Kinds that pass by themselves when the other side comes up.
TRANSIENT: frozenset[Kind] = frozenset(
    {
        "host-unresolved", "connection-refused", "connection-timeout", "connection-reset",
        "too-many-connections",
        "startup-waiting", "deadlock", "lock-timeout", "redis-misconf", "http-status",
    }
)  # fmt: skip
# Kinds that a program which only warns of them can live with.
TOLERABLE: frozenset[Kind] = frozenset(
    {
        "variable-unset", "variable-invalid", "file-missing", "permission-denied", "usage", "config-invalid",
        "module-missing", "command-missing", "connection-reset", "http-status", "uncaught",
        "arithmetic", "relation-missing",
    }
)  # fmt: skip
_ACCESS = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT) \S{1,2000} HTTP/\d")
_HANDLED = re.compile(
    r"\b(?:succeeded|recovered|reconnected|handled|ignor(?:ed|ing)|harmless|skipp(?:ed|ing)|tolerated|"
    r"PASSED)\b|deprecat|"
    r"\bno errors\b|\b0 errors\b|without errors?\b|can be (?:safely )?ignored|not an error|\bcode 404\b|"
    r"(?:fall(?:s|ing)? ?back|fallback|default(?:s|ing)?) (?:to|on)\b|\busing (?:the )?(?:default|built-?in|"
    r"in-memory)|"
    r"default will be used|could not receive data from client|"
    r"terminating connection due to administrator command|"
    r"the database system is (?:starting up|shutting down|in recovery)|unexpected EOF on client|"
    r"TLS handshake error from \S+ (?:EOF|.*connection reset)",
    re.IGNORECASE,
)
_OPTIONAL = re.compile(
    r"\boptional\b|\bserving\b|\band present\b|\bdisabled\b|\busing\b|\bassum(?:e|ing)\b|\bnot enabled\b|"
    r", generating\b",
    re.IGNORECASE,
)
_UP = re.compile(
    r"\b(?:re-?)?connected\b|\bconnection (?:to .{1,100} )?(?:is )?(?:established|succeeded|successful|"
    r"restored|re-?established|ok)\b|"
    r"\bsucce(?:eded|ss|ssful|ssfully)\b|\brecovered\b|\bis (?:now )?(?:up|ready|available|reachable|"
    r"healthy|online)\b|"
    r"\baccepting connections|\bready to accept|\bestablished\b.{0,30}\bconnection",
    re.IGNORECASE,
)
_RUNS = re.compile(
    r"\blistening (?:on|at)\b|\bstartup complete\b|\bstarted .{1,80} in [\d.]+ ?s|\b(?:server|worker|"
    r"service|app(?:lication)?) "
    r"(?:is )?(?:started|running|ready|listening)\b|\bready in [\d.]+|\bready\.$",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\bnot\b|n't\b|\bfail|\bdisconnected|\bunable\b|\berror\b|\bunsuccess|\bwaiting\b", re.IGNORECASE
)
_RETRY = re.compile(
    r"\bretr(?:y|ies|ying)\b|\battempt|\bagain\b|\bbackoff\b|\breconnect|\b\d+/\d+\b|\bsleep", re.IGNORECASE
)
_PROGRAMS = (
    "redis",
    "postgres",
    "amqp",
    "rabbit",
    "kafka",
    "mysql",
    "mariadb",
    "mongo",
    "elastic",
    "nats",
    "memcache",
    "etcd",
)


def harmless(line: Line) -> bool:
    """Whether a line reports no trouble, whatever words it uses."""
    if line.level in ("debug", "info"):
        return True
    served = line.level not in ("error", "fatal") and _ACCESS.search(line.text)
    return bool(served or _HANDLED.search(line.text))


def tolerated(line: Line, said: Said) -> bool:
    """Whether a program only mentions something that it can live with."""
    if said.kind not in TOLERABLE or line.level in ("error", "fatal"):
        return False
    return line.level == "warning" or bool(_OPTIONAL.search(line.text))


def recovered(lines: Sequence[Line], index: int, said: Said) -> bool:
    """Whether a failure that can pass by itself did, further down.

    Args:
        lines: of the log.
        index: of the line where the failure was said last.
        said: the failure.
    """
    if said.kind not in TRANSIENT:
        return False
    near = " ".join(line.text for line in lines[index : index + 2])
    retried = lines[index].level == "warning" or bool(_RETRY.search(near))
    for line in lines[index + 1 :]:
        text = line.text
        if line.level in ("error", "fatal", "warning") or _NOT.search(text):
            continue
        if (_UP.search(text) or (retried and _RUNS.search(text))) and _same(text, said, lines[index].text):
            return True
    return False


def _same(text: str, said: Said, failure: str) -> bool:
    """Whether a success can be that of the failed connection: they don't name different things."""
    host, _ = address(text)
    if host and said.host and host == said.host:
        return True
    here = {name for name in _PROGRAMS if name in text.lower()}
    there = {name for name in _PROGRAMS if name in f"{said.host} {failure}".lower()}
    return not (here and there) or bool(here & there)
