# make demo   install the package and run the app on the example data
# make test   install the package and run all checks and tests
# make docs   install the package and build the documentation in build/docs

# The first of these that is Python 3.11 to 3.13.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
    $$python -c '$(SUITABLE)' 2>/dev/null && command -v $$python && break; done)
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
DEMO := out/demo
DOCS := build/docs

.PHONY: demo docs test fast clean

$(READY): setup.cfg pyproject.toml
	@$(or $(PYTHON),false) -c '$(SUITABLE)' \
	    || { echo 'Python 3.11, 3.12 or 3.13 is needed: name one with make PYTHON=...' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python scripts/install.py --editable '.[docs,tests]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/pvs_workflow bids_examples/template $(DEMO) participant --nprocs 2 --work-dir work/demo
	$(BIN)/pvs_workflow bids_examples/template $(DEMO) group
	@echo
	@$(BIN)/python scripts/show_grades.py $(DEMO)/group_potter.tsv
	@echo
	@echo 'All columns:   $(DEMO)/group_potter.tsv'
	@echo 'Image counts:  $(DEMO)/group_counts.tsv'
	@echo 'Reports:       $(DEMO)/sub-01.html  $(DEMO)/sub-02.html  $(DEMO)/group_potter.html'

# Graphs are drawn if Graphviz is or can be installed, and listed as text otherwise.
docs: $(READY)
	command -v dot >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	    && apt-get update -qq && apt-get install -y -qq --no-install-recommends graphviz; } \
	    || echo 'Graphviz is not installed: graphs are listed as text'
	rm -rf $(DOCS) docs/api
	$(BIN)/python -m sphinx -W --keep-going -n -q -j 2 -E -d build/doctrees docs $(DOCS)
	@echo 'Documentation:  $(DOCS)/index.html'

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(MAKE) docs
	sh scripts/install_browser.sh
	$(BIN)/python -m pytest -n 2 -m 'not slow'
	PVS_DOCS=$(DOCS) $(BIN)/python -m pytest -n 2 --dist loadfile --durations 30 -m slow

fast: $(READY)
	$(BIN)/python -m pytest -n 2 -m 'not slow'

clean:
	rm -rf $(VENV) out work build docs/api *.egg-info
