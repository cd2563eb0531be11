"""How a lesson shows a file."""

from __future__ import annotations

from kitlib.lessons.listing import LONG, Listing


def test_a_long_file_is_folded_and_a_short_one_open(tmp_path):
    (tmp_path / "long.yaml").write_text("a: 1\n" * (LONG + 1))
    (tmp_path / "short.yaml").write_text("a: 1\n" * LONG)
    assert "<details><summary><b>long.yaml</b>, 61 lines" in Listing.of(tmp_path, "long.yaml")._repr_html_()
    assert "<details open>" in Listing.of(tmp_path, "short.yaml")._repr_html_()


def test_its_text_is_text_and_no_html_or_formula():
    shown = Listing("x", "<b> $A and $B\n")
    assert repr(shown) == "<b> $A and $B"
    assert "&lt;b&gt; $A and $B" in shown._repr_html_()
    assert "mathjax_ignore" in shown._repr_html_()
