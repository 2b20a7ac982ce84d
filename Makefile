# Escrow Desk. `make help` says what there is.
# The newest Python that is supported and here; `make up PYTHON=python3.13` takes another.
SUPPORTED := python3.14 python3.13 python3.12 python3.11
PYTHON := $(shell for p in $(SUPPORTED) python3 python; do $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
# One more than the two cores of our CI: tests that wait for a process or for a deadline leave theirs to others.
TEST_PROCESSES := 3
QUIET := --quiet --disable-pip-version-check
VERSION := print(*sys.version_info[:2])

# For which Python all is installed. Nothing where an installation was cut short, its Python is gone or another by now, or
# the folder was moved: then it is made anew.
INSTALLED := $(shell test -e $(READY) && grep -qsF "$$(pwd -P)/$(BIN)/python" $(BIN)/desk && $(BIN)/python -c 'import sys, pip; $(VERSION)' 2>/dev/null)
WANTED := $(if $(filter file,$(origin PYTHON)),$(INSTALLED),$(shell $(PYTHON) -c 'import sys; $(VERSION)' 2>/dev/null))
ifneq ($(or $(INSTALLED),none),$(WANTED))
.PHONY: $(READY)
ANEW := yes
endif

.DEFAULT_GOAL := help
.PHONY: help up test quick image check conformance bench soak real model faults mutants matrix lock advisories secrets scan walks screenshots lighthouse pythons wheel openapi translations sbom release

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 16

up: $(READY) ## run everything on this machine (PORT, VAR_DIR, DATABASE_URL, REDIS_URL move it; EMPTY=1 leaves the demo data out); Ctrl-C stops it
	@exec $(BIN)/desk up $(if $(EMPTY),--no-demo --sandbox)

# Where the environment forbids it, each of a hundred processes that tests start would compile the desk again.
test quick: export PYTHONDONTWRITEBYTECODE =

test: check ## check, then test on both databases (LONG=1: what takes long and kills processes too; COVERAGE=1: all, with the branches reached)
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) $(if $(LONG)$(COVERAGE),,-m "not long and not faults") $(if $(COVERAGE),--cov --cov-report=)
	@$(if $(COVERAGE),$(BIN)/python tools/coverage_floors.py)

quick: check ## check, then run the tests that need no database, server or browser
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) -m quick

check: $(READY) ## lint, format of code and templates, types, the one-way imports, secrets, libraries against known vulnerabilities
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/djlint --check templates && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/python tools/scan_secrets.py && $(BIN)/python tools/advisories.py

conformance: $(READY) ## hold servers to recorded answers: BLNK_URL and BLNK_API_KEY, …; without, our own sandbox
	@$(BIN)/python -m webapp.conformance

bench: $(READY) ## measure; prints ratios and writes them to var/bench.json
	@$(BIN)/python -m bench

soak: $(READY) ## a whole desk under load in a world that breaks on purpose (SEED, MINUTES, PREVIOUS=1; docs/reliability.md); writes var/soak.json
	@exec $(BIN)/python -m soak $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(LOGS),--logs $(LOGS)) $(if $(PREVIOUS),--previous)

model: $(READY) ## 100,000 steps of the desk beside its model, by two seeds side by side on PostgreSQL (STEPS, SEED, MINUTES, PROCESSES, DATABASE=sqlite); adds to var/model.json
	@exec $(BIN)/python -m tests.model $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(PROCESSES),--processes $(PROCESSES)) $(if $(DATABASE),--database $(DATABASE))

real: $(READY) ## put a desk among real servers into trouble: what does it say, how soon is it well? (ROWS="redis …"); writes var/real.json
	@exec $(BIN)/python -m real $(if $(ROWS),--rows $(ROWS)) $(if $(MINUTES),--minutes $(MINUTES))

faults: $(READY) ## only the tests that kill and flush
	@$(BIN)/python -m pytest tests/faults

mutants: $(READY) ## take each guard away in a copy: do its tests notice? (NAMES="…", KIND="…", MINUTES=…; DOMAIN=1 or LEDGER=1: change the rules, or the ledger)
	@$(BIN)/python $(if $(DOMAIN)$(LEDGER),tools/rule_mutants.py $(NAMES) $(if $(LEDGER),--area ledger),tools/mutants.py $(NAMES) $(if $(KIND),--kind "$(KIND)")) $(if $(MINUTES),--minutes $(MINUTES))

matrix: $(READY) ## run the tests of the reliability matrix and keep when (NAMES="…", MINUTES=…; GUARDS=1: do they fail without their guards?)
	@$(BIN)/python tools/matrix.py $(foreach name,$(NAMES),"$(name)") $(if $(GUARDS),--guards) $(if $(MINUTES),--minutes $(MINUTES))

pythons: ## try every supported Python that is here, in clean copies: install, start, first page, one run, stop
	@$(or $(PYTHON),python3) tools/try_pythons.py

wheel: $(READY) ## build the wheel into dist/: all of the desk, templates and static files included
	@rm -rf build && $(BIN)/python -m pip wheel $(QUIET) --no-deps --no-build-isolation --wheel-dir dist . && rm -rf build && ls dist/*.whl

sbom: $(READY) ## the bill of materials of what production installs (CycloneDX), in dist/, and the page of its licences
	@$(BIN)/python tools/sbom.py

release: $(READY) ## sdist, wheel, bill of materials and checksums into dist/, when all is ready (DRAFT=1: all the same); tags and publishes nothing
	@$(BIN)/python tools/release.py $(if $(DRAFT),--draft)

translations: $(READY) ## bring the catalogues of all languages up to what the code says, and tell what lacks a translation
	@$(BIN)/python tools/translations.py

openapi: $(READY) ## at a release: keep the API's description, which later ones are held against (docs/api/openapi.json)
	@$(BIN)/python tools/api_changes.py --keep

lock: $(READY) ## write requirements.lock from pyproject.toml and try it for every Python and machine (UPGRADE=1: newest releases)
	@$(BIN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

image: $(READY) ## build the image's root from Debian packages and start every command in it (root and mmdebstrap; SHARE=… for mirrors)
	@PYTHONPATH=. $(BIN)/python tools/image_start.py

secrets: $(READY) ## look for secrets in every commit of every branch (`make check` looks at those that came lately)
	@$(BIN)/python tools/scan_secrets.py --all

scan: $(READY) ## attack every page as each role with a web scanner, on a demo desk here (ROLES="…", SECONDS="120 60"); writes var/scan.json
	@$(BIN)/python tools/scan_pages.py $(if $(ROLES),--roles $(ROLES)) $(if $(SECONDS),--seconds $(SECONDS))

walks: $(READY) ## open every kind of page in a browser: axe-core as each role, rubbish in every field, two people at one queue
	@WALKS=1 $(BIN)/python -m pytest tests/browser/test_accessibility.py tests/browser/test_rubbish.py tests/browser/test_two_at_one_queue.py

screenshots: $(READY) ## pictures of the main pages of a demo desk: wide, tablet, phone, light, dark; into var/screenshots
	@PYTHONPATH=. $(BIN)/python tools/screenshots.py

lighthouse: $(READY) ## ask Lighthouse (from npm) of the main pages on a phone; writes var/lighthouse.json
	@PYTHONPATH=. $(BIN)/python tools/lighthouse.py

advisories: $(READY) ## keep the known vulnerabilities of what is locked anew, from a clone of pypa/advisory-database (DATABASE=…)
	@$(BIN)/python tools/advisories.py --write "$(or $(DATABASE),$(error DATABASE=… names a clone of https://github.com/pypa/advisory-database))"

$(READY): requirements.lock pyproject.toml
	@for python in $(or $(PYTHON),python3 python); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null; then exec "$$python" tools/check_machine.py $(MAKECMDGOALS); fi; \
	done; exec sh tools/no_python.sh $(PYTHON)
	@echo "Installing into .venv with $(PYTHON): a minute or two …"
	@rm -f $@; test -z "$(ANEW)" || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python tools/reach_packages.py
	@$(BIN)/python -m pip install $(QUIET) --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install $(QUIET) --no-deps --no-build-isolation -e .
	@touch $@
