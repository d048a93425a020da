"""Tables as Markdown, and what was wanted."""

from __future__ import annotations

from tests.performance.table import Promise, Section, markdown_table, render, render_promises


def test_words_stand_to_the_left_and_figures_to_the_right() -> None:
    assert markdown_table(("peer", "over", "rate"), [("us", "TCP", "12"), ("them", "", "3")]) == (
        "| peer | over | rate |\n"
        "| ---- | ---- | ---: |\n"
        "| us   | TCP  |   12 |\n"
        "| them |      |    3 |"
    )


def test_who_failed_is_told_below_the_table() -> None:
    section = Section(
        "name", "Title", "A note.", ("a", "b", "c"), [("1", "2", "3")], absent={"them": "no server"}
    )

    text = render(section)

    assert text.startswith("## Title\n\nA note.\n\n| a | b |")
    assert text.endswith("| 1 | 2 | 3 |\n\n* them FAILED: no server\n")


def test_who_failed_is_told_also_if_nobody_did_not() -> None:
    text = render(Section("name", "Title", "A note.", ("a",), [], absent={"them": "no server"}))

    assert text == "## Title\n\nA note.\n\n* them FAILED: no server\n"


def test_what_was_wanted_is_one_table() -> None:
    promises = [
        Promise("fast", "them", "≥ 2", "3", kept=True, limit="4"),
        Promise("small", "", "≤ 1", "2", kept=False),
        Promise("far", "nobody", "≥ 2", "not measured", kept=None),
    ]
    sections = [Section(each.work, "", "", (), [], [each], stolen=0.12) for each in promises]

    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in render_promises(sections).splitlines()[4:]
    ]

    assert cells == [
        ["fast", "them", "≥ 2", "3", "4", "12%", "reached"],
        ["small", "", "≤ 1", "2", "", "12%", "**missed**"],
        ["far", "nobody", "≥ 2", "not measured", "", "12%", ""],
    ]


def test_a_chart_stands_above_its_table() -> None:
    text = render(Section("name", "Title", "A note.", ("a",), [("1",)]), "![chart](chart.png)")

    assert text.startswith("## Title\n\nA note.\n\n![chart](chart.png)\n\n| a |")


def test_nothing_is_said_of_what_could_not_be_compared() -> None:
    assert render_promises([Section("name", "Title", "", (), [])]) == ""
