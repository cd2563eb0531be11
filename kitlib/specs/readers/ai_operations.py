"""Reads `# AI Operations Specification`."""

from __future__ import annotations

import re

from kitlib.specs.markdown import Section
from kitlib.specs.problems import Loc, Place
from kitlib.specs.readers.tables import Column, read_list, read_table
from kitlib.specs.sheet import Part, Sheet
from kitlib.specs.values import choice

_ROLLBACK = re.compile(r"\brollback\b.*?\b(\d{1,5})\s*(hours?|h|days?|d)\b", re.IGNORECASE)
_NO_RESPONSE = re.compile(r"\bno response\b.*?\b(\d{1,5})\s*(minutes?|min|m|hours?|h)\b", re.IGNORECASE)


def _allowed(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    columns = (
        Column("Action", "action"),
        Column("Conditions", "condition"),
        Column("Approval", "approval", choice("Auto", "Manual")),
    )
    read_table(sheet, section, columns, loc, place)
    if section.tables and not section.tables[0].rows:
        sheet.missing([loc], place, "action", "a row per action", "add a row")


def _prohibited(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    read_list(sheet, section, loc, place, needed="Namespace deletion")


def _audit(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    read_list(sheet, section, loc, place)
    example = "Rollback capability for 24 hours"
    _number(sheet, section, ("rollback_hours",), place, _ROLLBACK, example)


def _escalation(sheet: Sheet, section: Section, loc: Loc, place: Place) -> None:
    read_list(sheet, section, (*loc, "steps"), place, needed="AI suggests action")
    example = "If no response in 15min: escalate to team lead"
    _number(sheet, section, (*loc, "no_response_minutes"), place, _NO_RESPONSE, example)


def _number(
    sheet: Sheet, section: Section, loc: Loc, place: Place, pattern: re.Pattern[str], example: str
) -> None:
    """Find the line that says a time; days count 24 hours, hours 60 minutes."""
    for index, item in enumerate(section.items):
        if match := pattern.search(item.text[:500]):
            many = 24 if match[2].lower().startswith("d") else 60 if match[2].lower().startswith("h") else 1
            hours = loc == ("rollback_hours",) and many == 60
            sheet.put(loc, int(match[1]) * (1 if hours else many), place.inner(str(index + 1), item.line))
            return
    sheet.missing([loc], place, f"line such as {example}", f"a line such as {example}", f"add - {example}")


PARTS = (
    Part("Allowed Autonomous Actions", "allowed", read=_allowed),
    Part("Prohibited Actions", "prohibited", read=_prohibited),
    Part("Audit Requirements", "audit", read=_audit),
    Part("Escalation Path", "escalation", read=_escalation),
)
