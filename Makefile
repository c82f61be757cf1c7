# make demo   set everything up and run the app on the example data
# make test   set everything up and run all checks and tests

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
DEMO := out/demo

.PHONY: demo test fast clean

$(READY): setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 13), "Python 3.11 or 3.12 is needed"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[tests]'
	touch $(READY)

demo: $(READY)
	$(BIN)/pvs_workflow bids_examples/template $(DEMO) participant --nprocs 2 --work-dir work/demo
	$(BIN)/pvs_workflow bids_examples/template $(DEMO) group
	@echo
	@echo 'Potter grades:  $(DEMO)/group_potter.tsv'
	@echo 'Image counts:   $(DEMO)/group_counts.tsv'
	@echo 'Reports:        $(DEMO)/sub-01.html  $(DEMO)/sub-02.html  $(DEMO)/group_potter.html'

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	sh scripts/install_browser.sh
	$(BIN)/python -m pytest -n 2 -m 'not slow'
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 30 -m slow

fast: $(READY)
	$(BIN)/python -m pytest -n 2 -m 'not slow'

clean:
	rm -rf $(VENV) out work build *.egg-info
