# Two commands matter: `make run` starts Taktflow with a sample day, `make test` proves it. Both need Python 3.11 or later
# and make, and set up the rest themselves. `make help` lists everything.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

# The first Python that is new enough; say PYTHON=... to choose another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/ready
PEERS := $(VENV)/peers
NODE := $(VENV)/node/ready
MODULES := node_modules/.ready
BROWSER := $(VENV)/chromium/ready
PAGE := engine/taktflow/api/static/.built
PAGE_SOURCES := $(shell find designer -type f -not -name '*.test.*' 2>/dev/null) package.json

# Node 24 or later for everything below, wherever it comes from.
export PATH := $(CURDIR)/$(VENV)/node/bin:$(PATH)
# The browser for end-to-end tests and where they may put their own things.
export TAKTFLOW_TEST_CHROMIUM := $(or $(TAKTFLOW_TEST_CHROMIUM),$(CURDIR)/$(VENV)/chromium/chromium)

# Many short processes start from here; a system that forbids Python its bytecode would compile all of it each time.
unexport PYTHONDONTWRITEBYTECODE

SUITES := tests/unit tests/contract tests/scenario tests/conformance tests/e2e
KILLS ?= 200
SCHEDULES ?= 100000
WAITING ?= 20000

.DEFAULT_GOAL := help
.PHONY: help run test check lint types fmt e2e services bench bench-decisions bench-durable torture snapshots build reference lock clean

help: ## This list
	@echo "make TARGET, where TARGET is one of"
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)$$/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run: build ## Start Taktflow on 127.0.0.1:8000 with a sample day and stay up; ONCE=1 ends after it, PASSWORDS=new makes new ones
	$(PY) -m tools.demo $(if $(ONCE),--once) $(if $(PASSWORDS),--new-passwords)

test: $(PAGE) $(BROWSER) ## Every test: unit, contract, scenario, conformance and end-to-end, the page's first
	npm test
	$(PY) -m pytest $(wildcard $(SUITES)) $(PYTEST)

check: lint types test ## What CI runs: lint, types, floors and every test

lint: $(READY) $(MODULES) ## Style, floors and the page's API client, in Python and TypeScript
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	npm run --silent lint
	npm run --silent depcruise
	npm run --silent api:gen -- --check

types: $(READY) $(MODULES) ## Types, strictly, of code and tests
	$(PY) -m mypy
	npm run --silent typecheck

fmt: $(READY) $(MODULES) ## Write everything in the house's style
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .
	npm run --silent fmt

e2e: $(PAGE) $(BROWSER) ## The end-to-end tests alone: real processes, a real browser, kill -9
	$(PY) -m pytest tests/e2e $(PYTEST)

services: $(READY) ## The store's and workers' tests against TAKTFLOW_TEST_{DATABASE,VALKEY,RABBITMQ}_URL, all required
	TAKTFLOW_REQUIRE_SERVICES=1 $(PY) -m pytest tests/contract/store tests/contract/executor tests/e2e/test_workers.py $(PYTEST)

bench: $(PEERS) ## The benchmarks; one line a figure, JSON beside it in var/bench/
	$(PY) -m pytest tests/bench -s $(PYTEST)

bench-decisions: $(PEERS) ## Decision tables and formulas next to their peers
	$(PY) -m pytest tests/bench/test_decisions.py tests/bench/test_formulas.py tests/bench/test_analysis.py tests/bench/test_exchange.py -s $(PYTEST)

bench-durable: $(PEERS) ## Durable work next to its peers: DBOS, SpiffWorkflow, Celery; WAITING=100000 for the full number
	TAKTFLOW_BENCH_WAITING=$(WAITING) $(PY) -m pytest $(wildcard tests/bench/test_durable*.py) -s $(PYTEST)

torture: $(READY) ## Kill servers KILLS times (200), workers and workflows at every write, break the store SCHEDULES times (100000)
	TAKTFLOW_TEST_KILLS=$(KILLS) $(PY) -m pytest tests/e2e -k "kill or takeover or workers or stop" -s $(PYTEST)
	TAKTFLOW_TEST_CRASHES=all $(PY) -m pytest tests/scenario/test_crash_points.py tests/scenario/test_durable.py -s $(PYTEST)
	TAKTFLOW_TEST_SCHEDULES=$(SCHEDULES) $(PY) -m pytest tests/unit/runtime/test_schedules.py -s $(PYTEST)

snapshots: $(READY) $(MODULES) ## Write the schemas, the API, its client and the reference anew; read the diff before you commit
	$(PY) -m tests.contract.definitions.snapshots
	$(PY) -m taktflow.api.openapi > $(VENV)/openapi.json && mv $(VENV)/openapi.json designer/openapi.json
	npm run --silent api:gen
	$(PY) -m tools.reference

build: $(PAGE) ## Build the page that the server serves

reference: $(READY) ## Write docs/reference/ and .env.example anew from the code
	$(PY) -m tools.reference

lock: $(READY) ## Pin every package anew; UPGRADE=1 takes the newest of each
	$(PY) -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group dev $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	$(PY) -m uv pip compile --group bench --constraint requirements.lock --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade) --output-file requirements.bench.lock
	npm install --package-lock-only --omit-lockfile-registry-resolved
	npm install --package-lock-only --omit-lockfile-registry-resolved --prefix tools/browser

clean: ## Remove what was built and installed, but keep var/
	rm -rf $(VENV) node_modules tools/browser/node_modules engine/taktflow/api/static build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml tools/environment.py
	@test -n "$(PYTHON)" || { echo "Taktflow needs Python 3.11 or later; none was found. Say PYTHON=/path/to/python3.12."; exit 1; }
	$(PYTHON) tools/environment.py $(VENV)
	@touch $@

$(PEERS): $(READY) requirements.bench.lock
	$(PY) tools/environment.py $(VENV) --lock requirements.bench.lock
	@touch $@

$(NODE): $(READY) tools/node.py
	$(PY) tools/node.py $(VENV)/node/bin
	@touch $@

$(MODULES): $(NODE) package.json package-lock.json
	npm ci
	@touch $@

$(BROWSER): $(NODE) tools/chromium.py tools/browser/package-lock.json
	$(PY) tools/chromium.py $(VENV)/chromium
	@touch $@

$(PAGE): $(MODULES) $(PAGE_SOURCES)
	npm run --silent build -- --logLevel warn
	@touch $@
