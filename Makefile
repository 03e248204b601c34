# make demo: set up and do the main job. make check: set up and run everything CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo check quick fix lint types contracts test browser golden clean

demo: $(VENV)/.installed
	$(BIN)/fleetaudit demo --out reports/demo

check: lint types contracts test

quick: lint types contracts
	$(BIN)/pytest -q -n auto -m "not slow"

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

test: $(VENV)/.dev browser
	$(BIN)/pytest -q -n auto

# The reports are opened in Debian's Chromium; without it, and without root, those tests skip.
browser:
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "no chromium: the browser tests will skip"

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: $(VENV)/.dev
	$(BIN)/pytest -q --update-golden

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
