# make run: the service on http://127.0.0.1:7008. make test: the tests, in about two minutes. make e2e: the heavy proofs,
# in about ten. make demo: fills the service that `make run` started with a made-up history, to look at its reports; say
# how much of it by DEMO="--users 2000 --days 365". make bench: the measurements; ten times the events by
# BENCH="--events 100000000". make audit: known vulnerabilities of the dependencies. make docs: writes anew what is
# generated of the documents. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export INSIGHTS_CONFIG ?= config/app-config.yaml

.PHONY: run demo test coverage e2e bench bench-ingest bench-warehouse bench-redaction audit docs lint types format clean

run: $(VENV)/.run
	$(BIN)/gunicorn -c config/gunicorn.conf.py wsgi:app

demo: $(VENV)/.run
	$(BIN)/insights demo --url "http://$${HOST:-127.0.0.1}:$${PORT:-7008}" $(DEMO)

# What Python compiles is kept, whatever the environment says: else each process compiles all tests each time, for seconds.
test: $(VENV)/.dev
	env -u INSIGHTS_CONFIG -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest

coverage: $(VENV)/.dev
	env -u INSIGHTS_CONFIG $(BIN)/python -m pytest --cov --cov-report=term:skip-covered

e2e: $(VENV)/.e2e
	env -u INSIGHTS_CONFIG $(BIN)/python -m pytest -n 0 --durations=0 -rA --show-capture=stdout tests/e2e

bench: bench-ingest bench-warehouse bench-redaction

# How fast the warehouse takes events in, how small it keeps them, and how fast it answers each report.
bench-warehouse: $(VENV)/.dev
	env -u INSIGHTS_CONFIG $(BIN)/python -m tests.bench.warehouse $(BENCH)

audit: $(VENV)/.e2e
	$(BIN)/python -m tests.audit

# How fast events are taken in, beside a bare Flask route; INGEST="--soak 30" watches the memory for half an hour.
bench-ingest: $(VENV)/.dev
	env -u INSIGHTS_CONFIG $(BIN)/python -m tests.bench.ingest $(INGEST)

# How well and how fast personal data is found; FILE=... takes labelled samples out of a file. Goes without what it is
# compared with where that cannot be installed.
bench-redaction: $(VENV)/.dev
	-$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	env -u INSIGHTS_CONFIG $(BIN)/python -m tests.bench.redaction $(FILE)

docs: $(VENV)/.run
	$(BIN)/python -m insights_backend.settings.reference docs/configuration.md

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.run: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[warehouse]'
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[warehouse,dev]'
	touch $@

$(VENV)/.e2e: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[warehouse,dev,e2e]'
	touch $@
