"""How results are shown: text, formulas, figures, pages."""
