# Everything runs in .venv, which the first target makes. Needed: make, git and Python 3.11 or newer.
#   make demo ARGS="--region us"      make demo ARGS="--xero-organisations 25 --xero-bulk"
#   make test ARGS="tests/services -x"      make bench ONLY=command

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.installed
ARGS ?=
ONLY ?=

.PHONY: help demo tour test check bench run images
.DEFAULT_GOAL := help

help: ## what there is
	@awk -F ': .*## ' '/^[a-z]+:.* ## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## the product in a browser, without a Slack account; Ctrl-C stops it
	@$(RUN) -m sandbox.demo $(ARGS)

tour: $(READY) ## a first client, then 25 from Xero, as text; each step is checked
	@$(RUN) -m sandbox.tour $(ARGS)

test: $(READY) ## the tests, on SQLite, with Chromium if it is installed; ARGS=--everything for PostgreSQL and the long ones, too
	$(RUN) -m pytest --numprocesses auto --maxprocesses 4 $(ARGS)

check: $(READY) ## style, types, the arrows between folders, the migrations
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) .ci/migrations.py

bench: $(READY) ## what it costs, beside the least it can cost; ONLY=name for one
	$(RUN) -m benchmarks $(ONLY)

run: $(READY) .env ## web and worker in one process, with the settings in .env
	@set -a; . ./.env; set +a; exec $(RUN) -m bot $(ARGS)

images: $(READY) ## take the screenshots in docs/images again
	$(RUN) -m tests.e2e.images

.env:
	@umask 077; key=$$($(RUN) -m bot keys) && sed "s|^ENCRYPTION_KEYS=.*|ENCRYPTION_KEYS=$$key|" .env.example > $@
	@echo "Made .env from .env.example, with a new key. Fill in what Slack gives you (README, In a real workspace)."

.env: | $(READY)

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python 3.11 or newer is needed; this is %d.%d. Try: make PYTHON=python3.11" % v[:2])'
	@echo "Installing the pinned requirements into $(VENV), once …"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $@
