# Everything sets itself up: a virtual environment from pyproject.toml and constraints.txt.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo run test test-both test-gateways check lint format bench

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

.venv/developer: .venv/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt --group dev
	touch $@

.venv/measurer: .venv/developer
	$(BIN)/python -m pip install --quiet -c constraints.txt --group bench
	touch $@

.venv-gateways/installed: pyproject.toml constraints-gateways.txt
	$(PYTHON) -m venv .venv-gateways
	.venv-gateways/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-gateways/bin/python -m pip install --quiet -c constraints-gateways.txt --group gateways
	touch $@

demo: .venv/installed           ## the whole thing on this machine, in the browser
	@$(BIN)/budget-bot demo

run: .venv/installed            ## the real bot, from .env and budgets.yaml
	@$(BIN)/budget-bot run

test: lint                      ## everything that CI runs; types are checked beside the tests
	$(BIN)/lint-imports
	sh tests/browser/chromium.sh
	@$(BIN)/mypy & types=$$!; \
	$(BIN)/python -m pytest -n 4 --dist loadgroup tests; tests=$$?; \
	wait $$types && exit $$tests

test-both: export DATABASES = both
test-both: test                 ## the same, with every test that can on SQLite and on PostgreSQL

test-gateways: .venv/developer .venv-gateways/installed  ## our usage source against the real MLflow AI Gateway (0.9 GB)
	GATEWAYS_BIN=.venv-gateways/bin $(BIN)/python -m pytest tests/gateways

check: lint                     ## lint, types, import contracts
	$(BIN)/lint-imports
	$(BIN)/mypy

lint: .venv/developer
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/developer
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/measurer           ## every benchmark: a table, and a line of JSON
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done
