# Every target sets up what it needs in .venv; `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON

BIN := .venv/bin
CORES := 2
# Exit code 5 of pytest: TESTS has none of the kind.
ARGS ?= doctor

.PHONY: help demo demo-model run test test-e2e check fix bench lock clean core dev e2e

help: ## List the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: core ## Decide "Tekton 도입 여부를 결정해줘" on the example cluster
	@scripts/demo.sh

demo-model: dev ## The same with a scripted model on this machine: both languages, both protocols
	@$(BIN)/python scripts/demo_model.py

run: core ## Run mas with ARGS, as in: make run ARGS="catalog list"
	@$(BIN)/mas $(ARGS)

test: dev ## Run the tests (TESTS=tests/unit for a part)
	@scripts/programs.sh sandbox
	@$(BIN)/pytest -n $(CORES) --dist worksteal -m "not e2e and not slow" $(TESTS)

test-e2e: e2e ## Drive the whole product through its command line and its page, containers included
	@scripts/programs.sh sandbox
	@scripts/programs.sh docker
	@scripts/programs.sh browser
	@scripts/programs.sh metrics
	@$(BIN)/pytest -n $(CORES) --dist worksteal -m "slow and not e2e" $(TESTS) || [ $$? = 5 ]
	@$(BIN)/pytest -m e2e $(TESTS) || [ $$? = 5 ]

check: dev ## Style, types, import direction, documents
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest tests/docs/test_links.py tests/docs/test_requirements.py tests/architecture

fix: dev ## Mend what ruff can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: dev ## Measure decisions, tokens, agents, approvals and the engine, beside others
	@for script in bench/engine.py bench/decide.py bench/models.py bench/approvals.py bench/gateway.py bench/fanout.py bench/web.py; do $(BIN)/python "$$script"; done

lock: dev ## Write requirements/*.txt anew (UPGRADE=1 for the newest versions)
	@scripts/lock.sh

clean: ## Remove all that make has made, .venv included
	@rm -rf .venv .cache build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} +

core:
	@scripts/setup.sh core

dev:
	@scripts/setup.sh dev

e2e:
	@scripts/setup.sh e2e
