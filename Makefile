# One verb per chore. `make demo` and `make test` work from a fresh clone
# with nothing but python3 and make; both create .venv when it is missing.

# Python that creates the environment, and extra flags for pip.
PYTHON ?= python3
PIP_FLAGS ?=

VENV := .venv
RUN := OMP_NUM_THREADS=1 $(VENV)/bin/python
PYTEST := $(RUN) -m pytest -rs
INSTALL := $(VENV)/bin/python -m pip install $(PIP_FLAGS)
SOURCES := mmseaice configs tools tests setup.py

# Whole-suite tests run on this many processes.
WORKERS ?= 2

.PHONY: help demo test test-extras soak format check clean

help:
	@echo 'make demo         the whole path on simulated scenes, minutes on CPU'
	@echo 'make test         the default tests'
	@echo 'make test-extras  tests that need more than pip'
	@echo 'make soak         long kill and endurance tests'
	@echo 'make format       let ruff rewrite the code'
	@echo 'make check        let ruff judge the code'
	@echo 'make clean        remove build products (not .venv, not work_dirs)'

# The stamp is written last, so an interrupted installation is taken up
# again the next time. A change of setup.py installs what it now asks for.
$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable '.[test]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) --editable '.[dev]'
	touch $@

demo: $(VENV)/.installed
	@echo 'to be filled'

test: $(VENV)/.installed
	$(PYTEST) -n $(WORKERS) --dist loadfile -m 'not extras and not slurm and not soak' tests

test-extras: $(VENV)/.installed
	$(PYTEST) -m 'extras or slurm' tests

soak: $(VENV)/.installed
	$(PYTEST) -m soak tests

format: $(VENV)/.installed-dev
	$(VENV)/bin/python -m ruff check --fix $(SOURCES)
	$(VENV)/bin/python -m ruff format $(SOURCES)

check: $(VENV)/.installed-dev
	$(VENV)/bin/python -m ruff check $(SOURCES)
	$(VENV)/bin/python -m ruff format --check $(SOURCES)

clean:
	rm -rf build dist *.egg-info
	find mmseaice tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
