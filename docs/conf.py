"""Sphinx settings: ``make docs``, which gathers the pages first (``scripts/site``)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_sphinx"))

project = "synergy-effects"
author = "The synergy-effects developers"
copyright = "the synergy-effects developers, MIT licence"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "sphinxcontrib.bibtex",
    "sphinx_design",
    "sphinx_copybutton",
    "docstrings",
    "public_names",
]
exclude_patterns = ["_build", "_sphinx"]

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # they come here executed
nb_merge_streams = True
bibtex_bibfiles = ["references.bib"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

napoleon_numpy_docstring = False
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
nitpicky = True
nitpick_ignore_regex = [
    # of other packages, whose pages are not at hand offline, and classes that are no part of the public face
    ("py:class", r"(torch|numpy|pathlib|collections|fractions|matplotlib|networkx|pandas|sympy)\..*"),
    ("py:class", r"(Path|Figure|Axes|Found|Layout)"),
    ("py:(class|mod)", r"(decompositions|synergy)\..*"),
]

html_theme = "furo"
html_title = "synergy-effects"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
html_show_sphinx = False
