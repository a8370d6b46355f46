"""How numbers, names, cells and inputs are written; knows no result."""
