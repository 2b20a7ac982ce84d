# Escrow Desk. `make help` says what there is.
PYTHON := $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help up test check conformance bench faults

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 16

up: $(READY) ## run everything on this machine (PORT, VAR_DIR, DATABASE_URL, REDIS_URL move it); Ctrl-C stops it
	@exec $(BIN)/desk up

test: check ## check, then run every test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(READY) ## lint, types and the one-way imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

conformance: $(READY) ## hold servers to recorded answers: BLNK_URL and BLNK_API_KEY, …; without, our own sandbox
	@$(BIN)/python -m webapp.conformance

bench: $(READY) ## measure; prints ratios and writes them to var/bench.json
	@$(BIN)/python -m bench

faults: $(READY) ## only the tests that kill and flush
	@$(BIN)/python -m pytest tests/faults

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Escrow Desk needs Python 3.11, 3.12, 3.13 or 3.14 on the PATH."; exit 1; }
	@echo "Installing into .venv …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
