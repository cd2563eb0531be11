"""An autoscaler that follows a load, measured: what lesson 04's picture is made of."""

from __future__ import annotations

from kitlib.lessons import autoscaling


def test_an_autoscaler_asks_for_more_pods_under_load(namespace):
    measured = autoscaling.measure(namespace, rest=2, load=60, after=2)
    assert measured.replicas[0][1] == 1
    assert max(count for _, count in measured.replicas) > 1
    assert max(value for _, value in measured.cpu) > autoscaling.TARGET
    assert "more pods asked for after" in repr(measured.picture())
