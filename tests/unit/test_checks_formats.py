"""A report as JSON, SARIF and JUnit XML, each held against its own rules; and as it shows itself."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator

from kitlib.checks.formats import as_json, as_junit, as_sarif
from kitlib.checks.report import Report
from kitlib.findings import Finding, Findings, Fix, Ref

# The OASIS schema, as the npm package @microsoft/jest-sarif (MIT) carries it.
SARIF = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text())
ODD = 'a <b> & "c" \x00\x1b[31m\ud7ff\ufffe 日本 \u2028 ]]>'


def finding(severity="error", id="a-rule", where="a dir/ä.yaml:3", found="x", **fields):
    return Finding(severity, id, "A title", where, found, "y", "Because (a page)", Fix("write y"), **fields)


def report(*findings, ignored=()):
    return Report(Findings(findings), list(ignored), {}, 3, 2, ("a-rule", "b-rule", "z-rule"), 0.25)


FULL = report(
    finding(),
    finding("warning", "b-rule", Ref("Pod", "a", "ns"), ODD),
    finding("info", "c-rule", "/abs/x:0"),
    ignored=[(finding(id="d-rule"), "a reason & more")],
)


@pytest.mark.parametrize("made", [FULL, report()])
def test_sarif_is_valid(made):
    assert list(Draft4Validator(SARIF).iter_errors(json.loads(as_sarif(made)))) == []


def test_the_schema_would_refuse_other_things():
    log = json.loads(as_sarif(FULL))
    log["runs"][0]["results"][0]["level"] = "info"
    assert list(Draft4Validator(SARIF).iter_errors(log))


def test_sarif_says_where_and_what():
    (run,) = json.loads(as_sarif(FULL))["runs"]
    results = run["results"]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a%20dir/%C3%A4.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3}
    assert [result["level"] for result in results] == ["error", "warning", "note", "error"]
    assert results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "Pod/a -n ns"
    assert results[3]["suppressions"] == [{"kind": "inSource", "justification": "a reason & more"}]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [
        result["ruleId"] for result in results
    ]


def test_junit_is_well_formed_and_counts_what_it_holds():
    root = ElementTree.fromstring(as_junit(FULL).encode())
    (suite,) = root
    cases = suite.findall("testcase")
    assert root.tag == "testsuites"
    assert (int(suite.get("tests")), len(cases)) == (len(cases), 5)  # four findings, and z-rule, which passed
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) == 2
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) == 1
    assert {child.tag for case in cases for child in case} == {"failure", "skipped", "system-out"}
    assert all(case.get("name") and case.get("classname") and case.get("time") for case in cases)
    assert "日本" in suite.find("testcase/failure[@type='warning']").text


def test_junit_of_a_clean_report_has_a_passed_case_for_each_rule():
    (suite,) = ElementTree.fromstring(as_junit(report()).encode())
    assert [case.get("name") for case in suite] == ["a-rule", "b-rule", "z-rule"]
    assert suite.get("failures") == "0"


def test_json_holds_everything():
    body = json.loads(as_json(FULL))
    assert body["summary"] == {
        **{"files": 3, "objects": 2, "rules": 3, "seconds": 0.25, "passed": False},
        **{"error": 1, "warning": 1, "info": 1},
    }
    assert body["findings"][1]["found"] == ODD
    assert body["findings"][1]["object"] == "Pod/a -n ns"
    assert body["ignored"][0]["reason"] == "a reason & more"


def test_only_errors_and_warnings_fail():
    assert report(finding("info")).passed
    assert not report(finding("warning")).passed
    assert report(ignored=[(finding(), "r")]).passed


def test_a_report_shows_itself():
    assert FULL.summary == "3 files, 2 objects, 3 rules, 0.2 s: 1 error, 1 warning, 1 info, 1 ignored"
    assert repr(report()) == "<Report 3 files, 2 objects, 3 rules, 0.2 s: no findings>"
    page = FULL._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b> &" not in page
    assert "a reason &amp; more" in page
