"""What is written once for every table and text that a notebook shows."""

from __future__ import annotations

import pandas

from kitlib import markup
from kitlib.findings import Finding, Fix, Ref
from kitlib.wording import counted


def test_a_frame_is_left_aligned_and_has_an_index_only_if_that_says_something():
    plain = markup.frame(pandas.DataFrame({"name": ["a<b"], "restarts": [3]}))
    assert plain.count("text-align:left") == 4
    assert "a&lt;b" in plain
    assert ">0</th>" not in plain
    assert ">db</th>" in markup.frame(pandas.DataFrame({"state": ["running"]}, index=["db"]))


def test_a_table_has_a_head_if_its_columns_have_titles():
    assert "<th scope='col'" in markup.table(["name"], [["a"]])
    assert "thead" not in markup.table([], [["a"]])


def test_a_fix_with_two_dollars_is_no_formula():
    fix = Fix("healthcheck: pg_isready -U $USER -d $DB")
    finding = Finding("warning", "x", "a title", Ref("Deployment", "db"), "a", "b", "why", fix)
    assert finding._repr_html_().startswith("<div class='mathjax_ignore'>")


def test_one_of_a_thing_is_singular():
    assert [counted(number, "node") for number in (0, 1, 2)] == ["0 nodes", "1 node", "2 nodes"]
