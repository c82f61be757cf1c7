# make demo   install the package and run the app on the example data
# make test   install the package and run all checks and tests
# make docs   install the package and build the documentation in build/docs

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
DEMO := out/demo
DOCS := build/docs

.PHONY: demo docs test fast clean

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 13), "Python 3.11 or 3.12 is needed"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[docs,tests]'
	touch $(READY)

demo: $(READY)
	$(BIN)/pvs_workflow bids_examples/template $(DEMO) participant --nprocs 2 --work-dir work/demo
	$(BIN)/pvs_workflow bids_examples/template $(DEMO) group
	@echo
	@echo 'Potter grades:  $(DEMO)/group_potter.tsv'
	@echo 'Image counts:   $(DEMO)/group_counts.tsv'
	@echo 'Reports:        $(DEMO)/sub-01.html  $(DEMO)/sub-02.html  $(DEMO)/group_potter.html'

# Graphs are drawn if Graphviz is or can be installed, and listed as text otherwise.
docs: $(READY)
	command -v dot >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	    && apt-get update -qq && apt-get install -y -qq --no-install-recommends graphviz; } \
	    || echo 'Graphviz is not here: graphs are told in words'
	rm -rf $(DOCS)
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
