"""Kubernetes quantities, such as 250m or 512Mi, read as the API server reads them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

# kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity; "K" and "mi" are not among them.
_TEXT = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?")
_FACTORS = {
    suffix: Decimal(10) ** (3 * power) for power, suffix in enumerate("numkMGTPE", -3) if power < 0
} | {suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)}
_FACTORS |= {f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)}


def parse(value: Any) -> Decimal | None:
    """A quantity as a number of its unit (cores, bytes); None when the API server would refuse it.

    Args:
        value: as it stands in a manifest: text or a number.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _TEXT.fullmatch(str(value))
    if found is None:
        return None
    number, suffix, exponent = found.groups()
    if exponent:
        return Decimal(number) * Decimal(10) ** int(exponent)
    return Decimal(number) * _FACTORS.get(suffix, Decimal(1))
