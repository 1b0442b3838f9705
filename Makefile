# CodeForge Jobs. `make` alone lists what can be done. Needs Python 3.11 or newer, git and make; nothing else.

VENV     := .venv
PY       := $(VENV)/bin/python
PACKAGES := libs/common services/gateway services/notifier services/worker deploy/edge deploy/local
MANIFESTS := $(PACKAGES:%=%/pyproject.toml)
EDITABLE := $(PACKAGES:%=-e ./%)
# Tests wait more than they compute. JOBS=0 runs them one after the other in one process.
JOBS     ?= 2
PIP      := $(PY) -m pip --quiet --disable-pip-version-check
LOCK     := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
            --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
            $(foreach package,common gateway notifier worker edge local,--no-emit-package codeforge-$(package))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test test-compose chaos check format docs requirements bench up down clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## Make the virtual environment with everything that tests and checks need
	@:

run: $(VENV)/.run ## Start everything here: embedded server, edge on PORT (8000), worker; Ctrl-C stops it
	@exec $(PY) -m codeforge_local

test: $(VENV)/.dev ## Run all tests, JOBS (2) files at a time; ARGS="tests/common -k lease" picks some
	$(PY) -m pytest --numprocesses=$(JOBS) --dist=loadfile $(ARGS)

test-compose: $(VENV)/.dev ## Run the tests that need a container engine with Compose
	$(PY) -m pytest -m compose $(ARGS)

chaos: $(VENV)/.dev ## Break everything at random under load, over both brokers, and check every job afterwards
	$(PY) -m tests.chaos $(ARGS)

check: $(VENV)/.dev ## Check style, types, import rules and that generated docs are current
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) docs/generate.py --check

format: $(VENV)/.dev ## Put the sources into their standard form
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

docs: $(VENV)/.dev ## Generate the references in docs/reference
	$(PY) docs/generate.py

bench: $(VENV)/.dev ## Measure throughput, latency and memory, other queues beside; takes half an hour
	@for what in drain submit latency memory curve connections agent; do \
		echo "── benchmarks.$$what"; $(PY) -m benchmarks.$$what || exit 1; \
	done

requirements: $(VENV)/.dev ## Pin anew what the packages ask for (ARGS=--upgrade takes newer versions)
	printf -- '-e ./%s\n' $(PACKAGES) | $(LOCK) $(ARGS) - --group pyproject.toml:build --output-file requirements.txt
	printf -- '-e ./%s\n' $(PACKAGES) | $(LOCK) $(ARGS) - --group pyproject.toml:build --group pyproject.toml:dev \
		--constraints requirements.txt --output-file requirements-dev.txt

up: ## Start the stack with Docker Compose on PORT (8000)
	docker compose up --build --detach --wait

down: ## Stop the Compose stack; its data stays
	docker compose down

clean: ## Remove what was built; the state folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A stamp is newer than what it was made from, so nothing is done when nothing changed.
$(VENV)/.run: requirements.txt $(MANIFESTS) | $(PY)
	@echo "Installing what requirements.txt pins; this takes a minute the first time."
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation $(EDITABLE)
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing what requirements-dev.txt pins for tests and checks."
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

$(PY):
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec $$python -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "Python 3.11 or newer was not found; PYTHON=/path/to/python make setup names one." >&2; exit 1
