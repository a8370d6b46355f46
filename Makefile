# One thread: several intra-op threads on shared cores cost more than they gain. Bytecode is cached, for quick starts.
export OMP_NUM_THREADS := 1
export PYTHONDONTWRITEBYTECODE :=
RUN := .venv/bin

.PHONY: help setup demo test lint check bench docs tables notebooks release clean

help: ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 10

setup: ## a virtual environment in .venv with everything the project needs
	@scripts/setup.sh

demo: setup ## explain a sentence, a digit and a photo with real networks; reports in reports/
	$(RUN)/synergy explain sentence "I'm not happy" --output reports/sentence.html
	$(RUN)/synergy explain digits 7 --players grid:3x3 --output reports/digits.html
	$(RUN)/synergy explain photo coffee --players grid:3x3 --output reports/photo.html
	@echo
	@echo "The reports: reports/sentence.html, reports/digits.html, reports/photo.html"

test: setup ## all tests
	$(RUN)/pytest -n auto

lint: setup ## formatting, style and types
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy

check: lint test ## what CI runs

bench: setup ## benchmarks: CPU time and ratios, one thread; SAVE=1 keeps them in benchmarks/RESULTS.md
	$(RUN)/python -m benchmarks $(if $(SAVE),--save)

docs: setup ## the documentation as HTML in docs/_build/html, its notebooks executed, its links followed
	$(RUN)/python -m scripts.site

tables: setup ## the generated pages docs/{methods,criteria,axioms,characterizations,networks}.md, and the map in CONTRIBUTING.md
	$(RUN)/synergy table methods --format markdown > docs/methods.md
	$(RUN)/synergy table criteria --format markdown > docs/criteria.md
	$(RUN)/synergy table axioms --format markdown > docs/axioms.md
	$(RUN)/synergy table characterizations --format markdown > docs/characterizations.md
	$(RUN)/python scripts/networks.py
	$(RUN)/python scripts/rooms.py

notebooks: setup ## notebooks/*.ipynb, from the scripts beside them
	$(RUN)/python scripts/notebooks.py

release: setup ## wheel and sdist in dist/, tried with every extra by itself; PYTHONS="python3.11 python3.12"
	$(RUN)/pip install -q --no-compile -c constraints.txt -e '.[release]'
	$(RUN)/python scripts/release.py $(PYTHONS)

clean: ## remove what was made
	rm -rf .venv reports docs/_build build dist .pytest_cache .mypy_cache .ruff_cache
