"""Asking a Service of a test's cluster."""

from __future__ import annotations

from kitlib.errors import ApiError


def ask(cluster, method, service, path, body=None):
    """The Service's answer, as soon as it reaches a ready pod."""
    answers = []

    def reached(_):
        try:
            answers.append(cluster.call_service(method, service, path, body=body))
        except ApiError as error:
            if error.status not in (502, 503):
                raise
        return bool(answers)

    cluster.wait("Service", service, until=reached)
    return answers[0]
