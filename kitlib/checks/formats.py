"""A report for other programs: JSON, SARIF 2.1.0, JUnit XML."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from kitlib import __version__
from kitlib.checks.engine import place
from kitlib.checks.report import Report
from kitlib.findings import Finding, Ref, fix_text

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(report: Report) -> str:
    """The report as one JSON object."""
    body = {
        "summary": {
            "files": report.files,
            "objects": report.objects,
            "rules": len(report.rules),
            "seconds": round(report.seconds, 3),
            "passed": report.passed,
            **{word: report.count(word) for word in _LEVELS},
        },
        "findings": [item.as_dict() for item in report.findings],
        "ignored": [item.as_dict() | {"reason": reason} for item, reason in report.ignored],
        "excluded": report.excluded,
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def as_sarif(report: Report) -> str:
    """The report as SARIF 2.1.0, for code scanning; ignored findings are suppressed results.

    Source: docs.oasis-open.org/sarif/sarif/v2.1.0
    """
    everything = [*report.findings, *(item for item, _ in report.ignored)]
    first = {item.id: item for item in reversed(everything)}
    ids = sorted(first)
    results = [_result(item, ids.index(item.id)) for item in report.findings]
    results += [
        _result(item, ids.index(item.id)) | {"suppressions": [{"kind": "inSource", "justification": reason}]}
        for item, reason in report.ignored
    ]
    driver = {
        "name": "kit check",
        "semanticVersion": __version__,
        "rules": [_descriptor(first[id]) for id in ids],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "results": results,
    }
    return json.dumps(
        {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False
    )


def as_junit(report: Report) -> str:
    """The report as JUnit XML: a failed case for each error and warning, a passed one for each other rule."""
    suite = ElementTree.Element("testsuite", name="kit check", errors="0", time=f"{report.seconds:.3f}")
    for item in report.findings:
        case = _case(suite, item)
        text = _clean(f"{item.found}\nexpected: {item.expected}\n{item.why}\nfix: {fix_text(item.fix)}")
        if item.severity == "info":
            ElementTree.SubElement(case, "system-out").text = text
        else:
            message = _clean(f"{item.title}: {item.found}")
            ElementTree.SubElement(case, "failure", type=item.severity, message=message).text = text
    for item, reason in report.ignored:
        ElementTree.SubElement(_case(suite, item), "skipped", message=_clean(reason))
    for id in sorted(set(report.rules) - {item.id for item in report.findings}):
        ElementTree.SubElement(suite, "testcase", classname="kit.check", name=id, time="0")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(report.ignored)))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _descriptor(item: Finding) -> dict[str, Any]:
    return {
        "id": item.id,
        "shortDescription": {"text": item.title},
        "fullDescription": {"text": item.why},
        "defaultConfiguration": {"level": _LEVELS[item.severity]},
    }


def _result(item: Finding, index: int) -> dict[str, Any]:
    text = f"{item.title}: found {item.found}, expected {item.expected}. Fix: {fix_text(item.fix)}"
    return {
        "ruleId": item.id,
        "ruleIndex": index,
        "level": _LEVELS[item.severity],
        "message": {"text": text},
        "locations": [_location(item)],
    }


def _location(item: Finding) -> dict[str, Any]:
    if isinstance(item.object, Ref):
        return {"logicalLocations": [{"fullyQualifiedName": str(item.object), "kind": "resource"}]}
    path, line = place(item)
    artifact: dict[str, Any] = {"uri": quote(path)}
    if not Path(path).is_absolute():
        artifact["uriBaseId"] = "%SRCROOT%"
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(line, 1)}}}


def _case(suite: ElementTree.Element, item: Finding) -> ElementTree.Element:
    name = _clean(f"{item.id} at {item.object}")
    return ElementTree.SubElement(suite, "testcase", classname="kit.check", name=name, time="0")


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 can't hold."""
    return _NOT_XML.sub("�", text)
