# Two commands do everything: `make run` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -u -m pip --disable-pip-version-check install --progress-bar off
# install(what pip is told, the locked file that says how many packages come)
install = set -o pipefail; $(PIP) $(1) | awk -v total=$$(grep -c '==' $(2)) -f requirements/progress.awk

.PHONY: run test check bench interop tck clean

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
	@$(call install,--require-hashes -r requirements/build.txt,requirements/build.txt)
	@$(call install,--require-hashes --no-build-isolation -r requirements/run.txt,requirements/run.txt)
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test-installed: $(VENV)/.run-installed requirements/test.txt
	@echo "Installing what the tests need …"
	@$(call install,--require-hashes --no-build-isolation -r requirements/test.txt,requirements/test.txt)
	@touch $@

$(VENV)/.bench-installed: $(VENV)/.test-installed requirements/bench.txt
	@echo "Installing the rivals of the benchmarks …"
	@$(call install,--require-hashes --no-build-isolation -r requirements/bench.txt,requirements/bench.txt)
	@touch $@

# What others wrote speaks with us. A client is a folder of tests/interop with its test and, for Node.js 20, a package.json
# of exact versions; what that installs is not kept. Apache with mod_auth_openidc comes from the system's packages.
FOREIGN := $(patsubst %/package.json,%/node_modules,$(wildcard tests/interop/*/package.json))

interop: $(VENV)/.test-installed $(FOREIGN)
	@$(BIN)/pytest -n 0 -q -m interop tests/interop

tests/interop/%/node_modules: tests/interop/%/package.json
	@cd $(@D) && npm install --no-package-lock --no-audit --no-fund --silent
	@touch $@

# The OMG's test cases for DMN: TCK is a checkout of github.com/dmn-tck/tck.
tck: $(VENV)/.run-installed
	@$(BIN)/python -m tests.tck $(TCK)

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build
