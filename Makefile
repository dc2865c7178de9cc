# Everything a newcomer types. `make help` lists the targets.

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
STAMP := $(VENV)/.installed
PAGES := $(wildcard static/css/* static/js/* static/img/*)

.DEFAULT_GOAL := help
.PHONY: help install test test-scale check pins

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP) staticfiles/.built ## make .venv with the pinned dependencies, and build the static files

$(STAMP): requirements/dev.txt scripts/install
	scripts/install "$(PYTHON)" $(VENV) requirements/dev.txt
	@touch $@

staticfiles/.built: $(STAMP) package-lock.json scripts/build-static $(PAGES)
	scripts/build-static $(VENV)
	@touch $@

test: install ## run all tests on SQLite, with the real worker and the sandbox
	$(BIN)/pytest $(PYTEST_ARGS)

test-scale: install ## run all tests on PostgreSQL and Redis, started where they are missing
	scripts/with-services $(BIN)/pytest $(PYTEST_ARGS)

check: install ## lint, format, types, Django's own checks, migrations, pins
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/mypy --config-file clones/sandbox/mypy.ini clones/sandbox
	$(MANAGE) makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=clones.sandbox.settings $(BIN)/python -m django makemigrations --check --dry-run
	scripts/check-deploy $(MANAGE)
	scripts/check-pins
	$(BIN)/djlint --check --lint templates

pins: ## resolve the dependencies anew for every platform and Python from 3.11.0 on (needs uv)
	scripts/pin
