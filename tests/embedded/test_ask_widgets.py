"""%ask and the ask box: a change waits with its plan, and exactly that plan is carried out, or nothing."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell
from runbooks_help import deployment

from kitlib.lessons import magics, place
from kitlib.lessons.commands import CommandError
from kitlib.widgets import AskBox

SCALE = "scale deployment web to 3 replicas"


@pytest.fixture
def there(namespace):
    namespace.apply(deployment("web", 1))
    namespace.wait("Deployment", "web")
    return namespace


def replicas(cluster):
    return cluster.get("Deployment", "web").at("spec.replicas")


@pytest.fixture
def box(there):
    return AskBox(there, model=False)


def asked(box, text):
    box.question.value = text
    box.go.click()
    box.work.wait()
    return box


def test_reading_answers_at_once_and_offers_no_decision(box):
    asked(box, "show deployments")
    assert "web" in box.shown.value
    assert box.decision.layout.display == "none"
    assert box.yes.disabled


def test_yes_carries_out_what_is_shown(box, there):
    asked(box, SCALE)
    assert replicas(there) == 1
    assert "+ spec.replicas: 3" in box.shown.value
    box.yes.click()
    box.work.wait()
    assert replicas(there) == 3
    assert "kit undo" in box.shown.value
    assert box.yes.disabled


def test_no_changes_nothing_and_takes_the_plan_away(box, there):
    asked(box, SCALE)
    box.no.click()
    assert box.yes.disabled
    box.yes.click()
    box.work.wait()
    assert replicas(there) == 1


def test_yes_to_what_changed_meanwhile_is_refused(box, there):
    asked(box, SCALE)
    there.scale("Deployment", "web", 2)
    box.yes.click()
    box.work.wait()
    assert replicas(there) == 2
    assert "✗" in box.shown.value


def test_an_edited_line_takes_the_same_way(box, there):
    asked(box, SCALE)
    assert box.edit.value.startswith("kubectl scale")
    box.edit.value = "kubectl scale deployment web --replicas=2"
    box.work.wait()
    assert replicas(there) == 1
    assert "+ spec.replicas: 2" in box.shown.value
    box.yes.click()
    box.work.wait()
    assert replicas(there) == 2


@pytest.mark.parametrize("text", ["delete namespace web", "kubectl exec web -- rm -rf /", "sing a song"])
def test_what_is_prohibited_or_not_understood_offers_nothing(box, text):
    asked(box, text)
    assert box.yes.disabled
    assert box.shown.value


def test_a_read_only_box_refuses_changes(there):
    box = asked(AskBox(there, mode="read-only", model=False), SCALE)
    assert box.yes.disabled
    assert "only reading" in box.shown.value


@pytest.fixture
def shell(there, monkeypatch):
    monkeypatch.setattr(place, "_entered", [there])
    made = InteractiveShell()
    magics.register(made)
    yield made
    made.history_manager.end_session()


def test_the_magic_plans_and_then_does_exactly_that(shell, there):
    found = shell.run_cell_magic("ask", "", SCALE)
    assert (found.status, replicas(there)) == ("waits", 1)
    done = shell.run_cell_magic("ask", f"--approve {found.proposal.hash}", SCALE)
    assert (done.status, replicas(there)) == ("done", 3)
    assert "web" in str(shell.run_line_magic("ask", "show deployments"))


def test_the_magic_teaches_instead_of_a_traceback(shell, there):
    with pytest.raises(CommandError, match="nothing is asked for"):
        shell.run_line_magic("ask", "")
    with pytest.raises(CommandError, match="invalid choice: 'yolo'"):
        shell.run_line_magic("ask", "--mode yolo show pods")
    with pytest.raises(CommandError, match="approved was the plan"):
        shell.run_cell_magic("ask", "--approve 00", SCALE)
    assert replicas(there) == 1
