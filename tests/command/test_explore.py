"""synergy explore: a page in a file, and files that are none."""

import sys

import pytest

from synergy.command.cli import main


def run(monkeypatch, *words):
    """The exit status."""
    monkeypatch.setattr(sys, "argv", ["synergy", "explore", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


def test_a_page_that_asks_nobody(tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "--output", str(tmp_path / "page.html")) == 0
    assert capsys.readouterr().out == f"page: {tmp_path / 'page.html'}\n"
    page = (tmp_path / "page.html").read_text("utf8")
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page
    assert "src=" not in page


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("page.txt", "writes a .html file"),
        ("", "is a directory; give the name of a file, such as"),
        ("nowhere/page.html", "there is no directory"),
    ],
)
def test_a_file_that_is_none_is_said_in_one_line(name, said, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "--output", str(tmp_path / name)) == 2
    found = capsys.readouterr().err
    assert found.startswith("error: ")
    assert said in " ".join(found.split())
    assert "Traceback" not in found
    assert not list(tmp_path.iterdir())
