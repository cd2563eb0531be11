"""Dockerfiles as stages, and a learner's file checked by itself."""

from __future__ import annotations

from kitlib.lessons.workshop import checked, stages, trial

TEXT = """\
ARG IMAGE=python:3.11-slim
FROM ${IMAGE} AS builder
RUN true
FROM ${IMAGE}
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /a /b
COPY app ./app
FROM builder AS development
"""


def test_stages_know_what_they_begin_from_and_copy():
    found = stages(TEXT)
    assert [(stage.name, stage.base, stage.copies) for stage in found] == [
        ("builder", "${IMAGE}", ()),
        ("1", "${IMAGE}", ("builder",)),
        ("development", "builder", ()),
    ]
    assert repr(found).splitlines()[1] == "1: from ${IMAGE}, files of builder"
    drawn = found._repr_html_()
    assert drawn.count("<rect") == 3
    assert "role='img'" in drawn


def test_no_stage_in_no_dockerfile():
    assert stages("") == ()


def test_a_file_is_checked_by_its_name():
    root = checked("Dockerfile", "FROM python:3.11-slim\nUSER root\nCMD true\n")
    assert {"docker-user-root", "docker-shell-form"} <= {item.id for item in root}
    good = 'FROM python:3.11-slim\nUSER 1000:1000\nCMD ["python"]\n'
    assert not {"docker-user-root", "docker-shell-form"} & {item.id for item in checked("Dockerfile", good)}


def test_a_trial_asks_for_no_right():
    (job,) = trial("todo-api:dev", "print(1)")
    pod = job["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert "runAsUser" not in pod["securityContext"]  # the image's own number is to count
    assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
