# Two commands do everything: `make run` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: run test check bench tck clean

run: $(VENV)/.run-installed
	@exec $(BIN)/dongchu run

test: $(VENV)/.test-installed
	@$(BIN)/python -m tests.run

bench: $(VENV)/.bench-installed
	@$(BIN)/python -m benchmarks.run

# The build tools are locked too: durable-rules ships as C source and is built with exactly these.
$(VENV)/.run-installed: requirements/build.txt requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what running needs (about a minute the first time) …"
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes --no-build-isolation -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.run-installed requirements/test.txt
	@echo "Installing what the tests need …"
	@$(PIP) --require-hashes --no-build-isolation -r requirements/test.txt
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.test-installed requirements/bench.txt
	@echo "Installing the rivals of the benchmarks …"
	@$(PIP) --require-hashes --no-build-isolation -r requirements/bench.txt
	@touch $@

# The OMG's test cases for DMN: TCK is a checkout of github.com/dmn-tck/tck.
tck: $(VENV)/.run-installed
	@$(BIN)/python -m tests.tck $(TCK)

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build
