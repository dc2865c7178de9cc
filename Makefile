# Everything a newcomer types. `make help` lists the targets.

PYTHON ?= $(shell scripts/find-python)
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
STAMP := $(VENV)/.installed
PARALLEL := -n 4 --dist worksteal # most tests wait for real processes
PAGES := $(wildcard static/css/* static/js/* static/img/* docs/pictures/*)

.DEFAULT_GOAL := help
.PHONY: help install demo browser test test-scale check screenshots bench chaos pins

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(STAMP) staticfiles/.built ## make .venv with the pinned dependencies, and build the static files

$(STAMP): requirements/dev.txt scripts/install
	scripts/install "$(PYTHON)" $(VENV) requirements/dev.txt
	@touch $@

staticfiles/.built: $(STAMP) package-lock.json scripts/build-static $(PAGES)
	scripts/build-static $(VENV)
	@touch $@

browser: # what the tests look at the pages with
	scripts/install-browser

demo: install ## try it: sandbox, web and worker with data of their own, until Ctrl-C (PORT=8001, RESET=1)
	@$(MANAGE) demo --until-parent-ends $(if $(PORT),--port $(PORT)) $(if $(filter-out 0,$(RESET)),--reset)

test: install browser ## run all tests on SQLite, with the real worker and the sandbox
	$(BIN)/pytest $(PARALLEL) $(PYTEST_ARGS)

test-scale: install browser ## run all tests on PostgreSQL and Redis, started where they are missing
	scripts/with-services $(BIN)/pytest $(PARALLEL) $(PYTEST_ARGS)

screenshots: install browser ## photograph the demo: pictures for the documents, and a contact sheet of every page in every state
	$(BIN)/python -m tests.screenshots

bench: install ## measure pages, engine and mappings, as ratios, on SQLite and on PostgreSQL (SECTIONS="throughput mapping")
	@missed=0; for with in "" scripts/with-services; do $$with $(BIN)/python -m tests.bench $(SECTIONS) || missed=1; done; exit $$missed

chaos: install ## strike at workers, servers and answers, then compare with the sandbox (SEED=7, SECONDS=150, JOBS=400)
	@seed=$(or $(SEED),$$(date +%s)); differ=0; for on in sqlite postgresql; do \
		$(BIN)/python -m tests.chaos --on $$on --seed $$seed $(if $(SECONDS),--seconds $(SECONDS)) $(if $(JOBS),--jobs $(JOBS)) \
			|| differ=1; done; exit $$differ

check: install ## lint, format, types, Django's own checks, migrations, pins
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/mypy --config-file clones/sandbox/mypy.ini clones/sandbox
	$(MANAGE) makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=clones.sandbox.settings $(BIN)/python -m django makemigrations --check --dry-run
	scripts/check-deploy $(MANAGE)
	scripts/check-pins
	$(BIN)/djlint --quiet --lint templates

pins: ## resolve the dependencies anew for every platform and Python from 3.11.0 on (needs uv)
	scripts/pin
