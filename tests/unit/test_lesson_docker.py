"""Lessons where there is no Docker, and numbers over time as pictures."""

from __future__ import annotations

from kitlib.lessons import autoscaling, timelines, workbench


def test_without_docker_a_lesson_says_what_it_does_not_show(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not workbench.answers("building an image")
    assert "building an image: not here, Docker is not installed" in capsys.readouterr().err


def test_an_image_says_who_runs_in_it_and_what_it_starts():
    plain = workbench.Image("shop:1", "sha256:0", 12, 3, "", (), ())
    assert repr(plain) == "shop:1: 12 MB in 3 layers, user root, no health check, starts nothing"


def test_a_line_keeps_its_height_until_the_next_look():
    panel = timelines.Panel("pods", {"ready": [(0, 0), (5, 2)]}, target=4, marks={5: "load <"})
    picture = timelines.drawn("Pods", "two in the end", panel)
    assert "M50.0 132.0H610.0V77.0H610.0" in picture.shapes  # from 0, at the second 5 half way up to 4
    assert "stroke-dasharray='6 4'" in picture.shapes
    assert "load &lt;" in picture.shapes
    assert "two in the end" in picture._repr_html_()


def test_panels_share_their_seconds_and_one_without_points_is_empty():
    long, empty = timelines.Panel("a", {"x": [(0, 1), (20, 1)]}), timelines.Panel("b", {"y": []})
    picture = timelines.drawn("t", "w", long, empty)
    assert "20 s" in picture.shapes
    assert "d='' " in picture.shapes


def test_the_kept_measurement_of_an_autoscaler_shows_it_following_the_load():
    measured = autoscaling.kept()
    start, end = measured.load
    during = [count for at, count in measured.replicas if start < at < end]
    assert measured.replicas[0][1] == 1
    assert max(during) > 1
    assert max(value for at, value in measured.cpu if start < at < end) > autoscaling.TARGET
    words = repr(measured.picture())
    assert "more pods asked for after" in words
    assert "measured on" in words
