"""Sphinx settings: ``make docs``."""

project = "synergy-effects"
author = "The synergy-effects developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon", "sphinxcontrib.bibtex"]
bibtex_bibfiles = ["references.bib"]
html_theme = "furo"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
