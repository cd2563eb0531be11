"""Amounts as people write them: `100m-500m`, `2-10 (HPA)`, `2 vCPU, 4GB RAM`.

Source: kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from kitlib.quantity import parse
from kitlib.specs.markdown import plain
from kitlib.specs.values import BadValue, percent, whole

_CPU = re.compile(r"[0-9]{1,9}m|[0-9]{1,6}(\.[0-9]{1,3})?")
_MEMORY = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?(Ki|Mi|Gi|Ti|k|M|G|T)")


def cpu(text: str) -> Decimal:
    """Processors, from `250m`, `1` or `0.5`.

    Raises:
        BadValue: it is none of these.
    """
    found = parse(text) if _CPU.fullmatch(text) else None
    if found is not None:
        return found
    raise BadValue("CPU as Kubernetes writes it, such as 250m or 0.5", _digits(text, "m"))


def memory(text: str) -> Decimal:
    """Bytes, from `512Mi`, `1Gi`, `500M`.

    Raises:
        BadValue: it is none of these; above all `512m`, which Kubernetes takes for half a byte.
    """
    found = parse(text) if _MEMORY.fullmatch(text) else None
    if found is not None:
        return found
    if text.endswith("m"):
        raise BadValue("memory with its unit, such as 512Mi: m means thousandths", _digits(text, "Mi"))
    raise BadValue(
        "memory with its unit, such as 512Mi or 1Gi", _digits(text, "Gi" if "g" in text.lower() else "Mi")
    )


def memory_megabytes(text: str) -> int:
    """Megabytes of 1024 to the gigabyte, from `8192MB`, `8GB` or `8Gi`.

    Raises:
        BadValue: it is none of these.
    """
    match = re.fullmatch(r"`?([0-9]{1,9})\s*(M|G|T)(?:i?B|i)?`?", text.strip(), re.IGNORECASE)
    if not match:
        digits = re.sub(r"\D", "", text)[:9]
        unit = "MB" if digits and int(digits) >= 512 else "GB"
        raise BadValue("a size with its unit, such as 8192MB or 40GB", _digits(text, unit))
    return int(match[1]) * {"M": 1, "G": 1024, "T": 1024 * 1024}[match[2].upper()]


def gigabytes(value: str) -> int:
    """`40GB`."""
    megabytes = memory_megabytes(value)
    if megabytes % 1024:
        raise BadValue("whole gigabytes, such as 40GB")
    return megabytes // 1024


def span(value: str) -> tuple[str, str]:
    """`100m-500m`, `100m request, 500m limit`, or one value for both."""
    found = plain(value)
    if match := re.fullmatch(r"(\S+)\s+requests?\s*[,;/]\s*(\S+)\s+limits?", found, re.IGNORECASE):
        return match[1], match[2]
    parts = [part.strip() for part in re.split(r"\s*[-–—]\s*|\s+to\s+", found)]
    if len(parts) == 1:
        parts *= 2
    if len(parts) != 2:
        raise BadValue("a request and a limit, such as 100m-500m")
    return parts[0], parts[1]


def cpu_span(value: str) -> tuple[str, str]:
    """The request and the limit of CPU."""
    low, high = span(value)
    if cpu(low) > cpu(high):
        raise BadValue("a limit that is at least the request: the API server refuses less", f"{high}-{low}")
    return low, high


def memory_span(value: str) -> tuple[str, str]:
    """The request and the limit of memory."""
    low, high = span(value)
    if memory(low) > memory(high):
        raise BadValue("a limit that is at least the request: the API server refuses less", f"{high}-{low}")
    return low, high


def replicas(value: str) -> dict[str, Any]:
    """`2-10 (HPA)`, `1-5`, `3`."""
    match = re.fullmatch(r"(\d{1,5})(?:\s*(?:[-–—]|to)\s*(\d{1,5}))?\s*(\(\s*HPA\s*\))?", plain(value), re.I)
    if not match:
        raise BadValue("a number or a range, such as 2-10 (HPA), 1-5 or 3")
    low = int(match[1])
    return {"minimum": low, "maximum": int(match[2] or low), "autoscaled": bool(match[3])}


nodes = whole(r"nodes?(\s+(minimum|min|or more))?|or more")


def triggers(value: str) -> tuple[float, float | None]:
    """`70% CPU, 80% memory`: the targets of CPU and of memory, which may be missing."""
    found: dict[str, float] = {}
    for part in re.split(r"[,;]", plain(value)):
        match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d+)?%)\s+(CPU|memory)\s*", part, re.IGNORECASE)
        if not match or match[2].lower() in found:
            raise BadValue("targets of the requests, such as 70% CPU, 80% memory")
        found[match[2].lower()] = percent(match[1])
    if "cpu" not in found:
        raise BadValue("a target of CPU, such as 70% CPU, 80% memory")
    return found["cpu"], found.get("memory")


def machine(value: str) -> tuple[int, int]:
    """`2 vCPU, 4GB RAM`: processors and gigabytes."""
    match = re.fullmatch(r"(\d{1,4})\s*v?CPUs?\s*,\s*(\d{1,5})\s*Gi?B?(\s+RAM)?", plain(value), re.IGNORECASE)
    if not match:
        raise BadValue("processors and memory, such as 2 vCPU, 4GB RAM")
    return int(match[1]), int(match[2])


def instance(value: str) -> tuple[str, int, int]:
    """`t3.large (2 vCPU, 8GB)`: its type, processors and gigabytes."""
    match = re.fullmatch(r"([^\s()]+)\s*\(([^()]*)\)", plain(value))
    if not match:
        raise BadValue("a type and what it has, such as t3.large (2 vCPU, 8GB)")
    return match[1], *machine(match[2])


def _digits(text: str, unit: str) -> str | None:
    match = re.match(r"[0-9]{1,9}", text)
    return match[0] + unit if match else None
