# make up      installs everything into .venv and deploys to the embedded cloud
# make down    stops the embedded cloud; what was deployed to it goes with it
# make test    lint, types and tests
# make test-all  the same tests with all their cases: every system, every fault; an hour or two
# make lint    lint and types only
# make clean   removes everything that the other targets made
#
# STACK=dev chooses the stack of `up`, JOBS=4 the test processes, PYTHON=python3.12 the interpreter.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: up down test test-all lint clean install

STACK ?= dev
JOBS ?= 4
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PASSPHRASE := .ascend/passphrase

up: $(INSTALLED) $(PASSPHRASE)
	@$(BIN)/ascend up $(STACK) --embedded --yes
	@echo
	@$(BIN)/ascend cloud status
	@printf '%-48s %s\n' \
	  'Next: $(BIN)/ascend outputs $(STACK) --embedded' 'what the stack says of itself' \
	  '      $(BIN)/ascend preview $(STACK) --embedded' 'what an edit of Pulumi.$(STACK).yaml would change' \
	  '      make down' 'stop the embedded cloud'

down:
	@if [ -x $(BIN)/ascend ]; then $(BIN)/ascend cloud stop; else echo "not installed, so nothing runs"; fi

# In a temporary folder of its own, which goes at the end of the run however that comes: a cloud that a test has left
# ends itself when its files are gone.
test: lint
	@folder=$$(mktemp -d) && \
	trap 'rm -rf "$$folder"' EXIT && trap 'exit 130' INT && trap 'exit 143' TERM HUP && \
	TMPDIR=$$folder $(BIN)/pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder

test-all: $(INSTALLED)
	@folder=$$(mktemp -d) && \
	trap 'rm -rf "$$folder"' EXIT && trap 'exit 130' INT && trap 'exit 143' TERM HUP && \
	TMPDIR=$$folder ASCEND_TEST_ALL=1 $(BIN)/pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

install: $(INSTALLED)

clean: down
	@rm -rf $(VENV) .ascend .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist ./*.egg-info
	@find . -type d -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# Only what the lock file names, each file checked against its hash. pip compiles bytecode as it installs, also where
# PYTHONDONTWRITEBYTECODE is set: without it every start of the program takes seconds longer.
$(INSTALLED): requirements-dev.txt pyproject.toml
	@python= ; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "error: needs Python 3.11 or later on PATH" >&2; exit 2; fi; \
	if [ ! -x $(BIN)/python ]; then "$$python" -m venv $(VENV); fi
	@echo "installing into $(VENV); the first time takes some minutes"
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --compile --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Protects the secrets in the embedded cloud's state, which never leaves this machine.
$(PASSPHRASE):
	@mkdir -p $(@D)
	@umask 077 && head -c 24 /dev/urandom | base64 > $@
