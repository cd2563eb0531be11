"""Cases put to a real model, of which its answers are kept (tests/unit/ai_recordings)."""

from __future__ import annotations

from dataclasses import dataclass, field

from kitlib.findings import Finding, Findings, Quote, Ref

SUBJECT = "Deployment/api -n todo-app"
ACTIONS = ("restart", "rollback", "scale")


@dataclass(frozen=True)
class Case:
    """Evidence about one workload."""

    lines: tuple[Quote, ...]
    findings: Findings = field(default_factory=Findings)


def finding(title, found, expected, quote):
    ref = Ref("Deployment", "api", "todo-app")
    return Findings(
        [
            Finding(
                "error", "id", title, ref, found, expected, "why", evidence=(Quote(quote, "Deployment/api"),)
            )
        ]
    )


CASES = {
    "oom": Case(
        (
            Quote("Starting api", "log of api-1, previous run"),
            Quote("connecting as canary@example.com with PASSWORD=Tr0ub4dor&3", "log of api-1, previous run"),
            Quote("Last State: Terminated, Reason: OOMKilled, Exit Code: 137", "status of api-1"),
            Quote("Back-off restarting failed container api", "event"),
        ),
        finding("container api was killed: out of memory", "limit 64Mi", "more", "limits.memory: 64Mi"),
    ),
    "database": Case(
        (
            Quote(
                "psycopg.OperationalError: connection to server at 10.96.7.7, port 5433 failed",
                "log of api-1",
            ),
            Quote("Connection refused", "log of api-1"),
            Quote("Readiness probe failed: HTTP probe failed with statuscode: 503", "event"),
        ),
        finding(
            "DATABASE_URL names a port that nobody serves", "port 5433", "port 5432", "DATABASE_URL: :5433"
        ),
    ),
    "nothing": Case((Quote("Started container api", "event"),)),
}
