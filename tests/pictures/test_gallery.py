"""The page of all pictures shows all of them, and its files are there."""

import re

import pytest

from scripts import gallery
from synergy import pictures


def test_every_picture_is_on_the_page():
    exported = {name for name, value in vars(pictures).items() if callable(value)}
    assert exported == {shot.shows for shot in gallery.SHOTS}


def test_the_page_is_current():
    """``python scripts/gallery.py`` writes it."""
    assert gallery.PAGE.read_text("utf8") == gallery.page()


@pytest.mark.parametrize("name", re.findall(r"\]\(images/(.*?)\)", gallery.page()))
def test_its_files_are_there(name):
    assert (gallery.IMAGES / name).read_bytes().startswith(b"\x89PNG")
