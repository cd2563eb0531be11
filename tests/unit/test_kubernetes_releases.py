"""Until when versions of Kubernetes are supported."""

from __future__ import annotations

from datetime import date

import pytest

from kitlib.checks.targets import TARGET
from kitlib.kubernetes_releases import end_of_life, ended, minor


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.28", (1, 28)),
        ("v1.28.0", (1, 28)),
        ("1.28+", (1, 28)),
        ("Kubernetes 1.34 or newer", (1, 34)),
        (1.28, (1, 28)),
        ("", None),
        (None, None),
        ("latest", None),
    ],
)
def test_a_version_is_found_in_a_text(text, version):
    assert minor(text) == version


def test_ended_versions_have_a_date_and_unknown_ones_none():
    assert end_of_life("1.28+") == date(2024, 10, 22)
    assert ended("v1.28.0", date(2024, 10, 23)) == date(2024, 10, 22)
    assert ended("v1.28.0", date(2024, 10, 22)) is None
    assert end_of_life("1.9") is not None
    assert end_of_life("1.99") is None
    assert ended("1.99") is None
    assert end_of_life(TARGET) is not None
