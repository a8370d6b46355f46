"""RESULTS.md is written section by section."""

from benchmarks.results import HEAD, replaced, section


def test_sections_are_replaced_one_by_one():
    first, second, third = (section(name, "about", "machine", f"{name}'s") for name in ("first", "second", "third"))
    page = replaced("", {"first": first, "third": third}, ("first", "second", "third"))
    page = replaced(page, {"second": second}, ("first", "second", "third"))
    page = replaced(page, {"first": section("first", "about", "machine", "new\n\n")}, ("first", "second", "third"))
    assert page == (
        f"{HEAD}\n"
        "## first\n\nabout\n\nmachine\n\n```text\nnew\n```\n\n"
        "## second\n\nabout\n\nmachine\n\n```text\nsecond's\n```\n\n"
        "## third\n\nabout\n\nmachine\n\n```text\nthird's\n```\n"
    )
