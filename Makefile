# From GPT to LLaMA. Two commands do everything: `make book` and `make test`. `make help` lists the rest.

# The first Python that fits; name another with `make book PYTHON=python3.12`.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
ANY_PYTHON := $(or $(PYTHON),$(shell command -v python3 || command -v python))

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
export PATH := $(CURDIR)/$(BIN):$(PATH)

PORT ?= 8000
# Two test processes of one thread each are faster than one process of two threads.
WORKERS ?= 2

INSTALLED := $(VENV)/.installed
FRONT_END := _vendor/.done
BOOK := _build/html/.built
# Tests are among the pages: the table of what equals what is read from them. Widgets, models and records stand in pages too.
PAGES := $(shell find book notebooks tests src/helpers -type f -not -path '*/.*' -not -name '*.pyc')
NOTEBOOKS := $(wildcard notebooks/*.ipynb)

.DEFAULT_GOAL := help
.PHONY: help book pdf colab test lint unit browser lab serve notebooks page experiments checkpoints bench clean

help:  ## this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '  %-12s %s\n' "$$name" "$$what"; done

book: $(BOOK)  ## build the HTML book in _build/html (the first time: the environment too)
	@echo
	@echo "The book is in _build/html: open _build/html/index.html, or run make serve."

test: lint unit  ## lint, build the book, then run every test and every notebook

serve: $(BOOK)  ## show the built book at http://127.0.0.1:8000 (PORT=...)
	@echo "The book is at http://127.0.0.1:$(PORT) (Ctrl-C ends)."
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html >/dev/null 2>&1

lab: $(FRONT_END)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks

notebooks: $(INSTALLED)  ## run every notebook again and keep its outputs (ONLY=notebooks/03_gpt.ipynb for one)
	$(PY) -m tools.execute_notebooks $(or $(ONLY),$(NOTEBOOKS))

colab: $(INSTALLED)  ## run notebooks as Colab would, alone in an empty folder (long; PYTHON=python3.12 ONLY=notebooks/03_gpt.ipynb)
	$(PY) -m tools.rehearse_colab --python $(PYTHON) $(or $(ONLY),$(NOTEBOOKS))

experiments: $(INSTALLED)  ## renew the recorded results (long: ONLY=experiments/a.py for one)
	$(PY) -m tools.run_scripts $(or $(ONLY),experiments)

pdf: $(BOOK) browser  ## every chapter as a PDF in _build/html/pdf, linked from the page of downloads
	BOOK_PDF=1 $(BIN)/jupyter-book build . -W --keep-going
	$(PY) -m tools.pdf _build/html

page: $(FRONT_END)  ## one notebook as one HTML file that lives alone, to mail to a class (ONLY=notebooks/03_gpt.ipynb)
	@for notebook in $(or $(ONLY),$(NOTEBOOKS)); do $(PY) -m tools.single_page $$notebook || exit 1; done

checkpoints: $(INSTALLED)  ## train the small models that the package ships
	$(PY) -m tools.run_scripts experiments/checkpoints.py

bench: $(INSTALLED)  ## measure speed and memory beside other libraries
	$(PY) -m tools.run_scripts $(or $(ONLY),benchmarks)

lint: $(INSTALLED)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(BOOK) browser
	HELPERS_PROGRESS=off OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile tests $(if $(NOTEBOOKS),notebooks) \
		--nbval-lax --nbval-current-env --nbval-sanitize-with tests/notebooks/sanitize.cfg

browser: $(INSTALLED)  ## find a Chromium for the tests of the pages, or install one
	@$(PY) -m tools.browser --install

clean:  ## remove what was built; the environment and the front-end files stay
	rm -rf _build

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@if [ -z "$(ANY_PYTHON)" ]; then \
		echo "The book needs Python 3.11, 3.12 or 3.13, and there is no Python here: install one from https://www.python.org." >&2; \
		exit 1; fi
	@$(ANY_PYTHON) tools/check_machine.py python
	@test -x $(BIN)/pip || { echo "Making the environment in $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	$(PY) -m pip install --disable-pip-version-check -r requirements.txt
	$(PY) -m pip install --disable-pip-version-check --no-deps -e .
	@touch $@

$(FRONT_END): package.json package-lock.json tools/vendor.py $(INSTALLED)
	@$(PY) tools/check_machine.py node
	npm ci --no-progress
	$(PY) -m tools.vendor
	@touch $@

# Every page is read anew: a page that failed once would be skipped, and its warning with it.
$(BOOK): $(FRONT_END) $(INSTALLED) _config.yml _toc.yml pyproject.toml tools/address.py tools/site_downloads.py $(PAGES)
	$(BIN)/jupyter-book build . --all -W --keep-going
	$(PY) -m tools.site_downloads _build/html
	@touch $@
