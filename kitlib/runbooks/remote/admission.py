"""Before anything is made: what a run in the cluster may do is shown, and whether its caller may grant it."""

from __future__ import annotations

from collections.abc import Callable

from kitlib.cluster import Cluster
from kitlib.runbooks.preflight import Prepared
from kitlib.runbooks.remote import permissions, storage


def show_and_refuse(
    prepared: Prepared,
    granted: permissions.Grant,
    home: Cluster,
    account: str,
    made: tuple[tuple[str, str], ...],
    say: Callable[[str], None],
) -> None:
    """Show what the run may do and whether the caller may grant it; refuse when he may not.

    Raises:
        PrecheckFailed: names what is missing.
    """
    say(f"ServiceAccount {account} in {home.namespace} may, as {prepared.runbook.name} declares:")
    for line in granted.lines() or ["nothing"]:
        say(f"  {line}")
    needs = [*permissions.needs_of(granted), *permissions.needs_at_home(home.namespace, made)]
    reviews = permissions.review(home, [*needs, *storage.needs(home)])
    permissions.refuse_missing(reviews, prepared.runbook.name)
    say(f"this user may grant that, and run it: {len(reviews)} SelfSubjectAccessReviews, all allowed")
