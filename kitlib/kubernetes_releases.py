"""Until when each minor version of Kubernetes gets patches: from kubernetes.io/releases."""

from __future__ import annotations

import re
from datetime import date

SOURCE = "https://kubernetes.io/releases/patch-releases/"
_ENDS = {
    (1, 19): date(2021, 10, 28),
    (1, 20): date(2022, 2, 28),
    (1, 21): date(2022, 6, 28),
    (1, 22): date(2022, 12, 8),
    (1, 23): date(2023, 2, 28),
    (1, 24): date(2023, 7, 28),
    (1, 25): date(2023, 10, 28),
    (1, 26): date(2024, 2, 28),
    (1, 27): date(2024, 7, 16),
    (1, 28): date(2024, 10, 22),
    (1, 29): date(2025, 2, 28),
    (1, 30): date(2025, 7, 15),
    (1, 31): date(2025, 11, 11),
    (1, 32): date(2026, 2, 28),
    (1, 33): date(2026, 6, 28),
    (1, 34): date(2026, 10, 27),
    (1, 35): date(2027, 2, 28),
    (1, 36): date(2027, 6, 28),
}


def minor(text: object) -> tuple[int, int] | None:
    """The minor version in a text such as `v1.28.0`, `1.28+` or `Kubernetes 1.28`; None without one."""
    found = re.search(r"(?<![\d.])v?(\d+)\.(\d+)", str(text))
    return (int(found[1]), int(found[2])) if found else None


def end_of_life(version: object) -> date | None:
    """The day after which a version gets no patches; None for one that isn't known here.

    Args:
        version: a text with the version in it. Anything before 1.19 ended with it or earlier.
    """
    found = minor(version)
    if found is None:
        return None
    return _ENDS[1, 19] if found < (1, 19) else _ENDS.get(found)


def ended(version: object, today: date | None = None) -> date | None:
    """The day a version's support ended, if it has; None for a supported or unknown one."""
    end = end_of_life(version)
    return end if end is not None and end < (today or date.today()) else None
