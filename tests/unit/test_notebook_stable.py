"""What is left out of a comparison, and what is not."""

from __future__ import annotations

import pytest

from kitlib.notebooks import stable

SAME = {
    "UIDs": ("uid 0b1f7a52-5f0e-4a3c-9a7e-2d8f4f4f0c11", "uid 9c6f7a52-5f0e-4a3c-9a7e-2d8f4f4f0c22"),
    "times": ("at 2026-11-26T22:14:27Z", "at 2027-01-02T03:04:05Z"),
    "ages": ("web  2/2  Running  45s", "web  2/2  Running  12s"),
    "ages in two units": ("up 3m12s", "up 1h4m9s"),
    "ages in minutes at the end": ("web  1/1     5m\n", "web  1/1     17m\n"),
    "ages in a table": ("<td>5m</td>", "<td>41m</td>"),
    "days": ("node Ready 12d", "node Ready 3d"),
    "pods": ("pod/web-7d4b9c6f5d-x2k4q", "pod/web-6c5d8f7b94-zzv9m"),
    "ReplicaSets": ("web-7d4b9c6f5d has 2", "web-6c5d8f7b94 has 2"),
    "a DaemonSet's pods": ("agent-x2k4q runs", "agent-bcdfg runs"),
    "addresses": ("at 10.96.0.14", "at 10.104.33.201"),
    "addresses with ports": ("https://127.0.0.1:41233/", "https://127.0.0.1:38111/"),
    "node ports": ("80:31234/TCP", "80:30001/TCP"),
    "digests": ("sha256:" + "a1" * 32, "sha256:" + "b2" * 32),
    "versions of objects": ('"resourceVersion": "1234"', '"resourceVersion": "99"'),
    "memory addresses": ("<object at 0x7f3a2c1b4d90>", "<object at 0x7fffdead0000>"),
    "a lesson's namespace": ("in nb-03-basics-a1b2c3", "in lesson-03"),
    "time spans": ("took 12.5 seconds", "took 0.2 seconds"),
}
DIFFERENT = {
    "replicas": ("web 2/2", "web 2/3"),
    "CPU": ("requests cpu 50m memory", "requests cpu 100m memory"),
    "memory": ("limit 128Mi", "limit 256Mi"),
    "words": ("Running", "Pending"),
    "names": ("service/frontend", "service/backend"),
    "ports of a Service": ("port 80", "port 8080"),
    "Kubernetes versions": ("v1.34.4", "v1.35.0"),
}


@pytest.mark.parametrize("case", SAME, ids=list(SAME))
def test_what_changes_from_run_to_run_is_the_same(case):
    one, other = SAME[case]
    assert one != other
    assert stable.text(one) == stable.text(other)


@pytest.mark.parametrize("case", DIFFERENT, ids=list(DIFFERENT))
def test_what_means_something_stays(case):
    one, other = DIFFERENT[case]
    assert stable.text(one) != stable.text(other)


def test_outputs_are_compared_without_counts_and_metadata():
    one = [
        {
            "output_type": "execute_result",
            "execution_count": 3,
            "metadata": {"a": 1},
            "data": {"text/plain": "5s"},
        }
    ]
    other = [
        {"output_type": "execute_result", "execution_count": 9, "metadata": {}, "data": {"text/plain": "9s"}}
    ]
    assert stable.outputs(one) == stable.outputs(other)
    other[0]["data"]["text/plain"] = "down"
    assert stable.outputs(one) != stable.outputs(other)
