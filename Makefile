SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal --ignore=tests/browser --ignore=tests/interop \
	--ignore=tests/poolers --ignore=tests/security --ignore=tests/trackers
CHROMIUM = command -v chromium >/dev/null || { $(AS_ROOT) apt-get update -qq && $(APT_INSTALL) chromium; }
# What only runs Parley needs no test tools, which are two thirds of the size; where they are, all is there.
RUNS := $(if $(wildcard $(READY)),$(READY),$(VENV)/.runs)
SECRETS := .parley/sealing-keys
ON_THIS_NODE = PARLEY_ENV=$${PARLEY_ENV:-development} PARLEY_SANDBOX=$${PARLEY_SANDBOX:-true} \
	PARLEY_PUBLIC_URL=$${PARLEY_PUBLIC_URL:-http://127.0.0.1:8000} \
	PARLEY_SEALING_KEYS=$${PARLEY_SEALING_KEYS:-$$(cat $(SECRETS))}
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
APT_INSTALL := $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

# Byte code is what makes the second start fast; some images switch it off.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-all test-checks check serve parley test-browser test-interop test-trackers test-poolers bench bench-peers bench-reads bench-start examples migrate docs lock format clean

help: ## What you can do here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNS) ## Two nodes on this machine connect with each other (ARGS='--once --port 8000': finish by itself, on these ports)
	$(BIN)/parley demo $(ARGS)

test: $(READY) ## The tests of every day: one of each kind, Python packages only
	$(PYTEST) -m "not exhaustive" $(ARGS)

test-all: $(READY) ## As test, and all that is exhaustive: each commit, each fault, crowds, real processes
	$(PYTEST) $(ARGS)

test-checks: $(READY) ## Switch off each security check alone: the test named after it has to fail
	$(BIN)/python -m pytest -n 3 tests/security $(ARGS)

check: $(READY) ## Formatting, lint and types, as pre-commit runs them; and what has grown longest
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.longest

serve: $(RUNS) $(SECRETS) ## One node on http://127.0.0.1:8000 with the sandbox, for trying things out
	@$(ON_THIS_NODE) $(BIN)/parley serve --sandbox acme $(ARGS)

parley: $(RUNS) $(SECRETS) ## A command on the node of `make serve`: make parley ARGS='token list'
	@$(ON_THIS_NODE) $(BIN)/parley $(ARGS)

test-browser: $(READY) ## The pages in a real browser (installs Debian's chromium where there is none)
	@$(CHROMIUM)
	$(BIN)/python -m pytest tests/browser $(ARGS)

test-interop: $(READY) ## A client that others wrote against a node, and adapters against the vendors' descriptions (installs Debian's nodejs where there is none)
	@command -v npm >/dev/null && command -v node >/dev/null || { \
		$(AS_ROOT) apt-get update -qq && $(APT_INSTALL) nodejs npm; }
	@node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 18 || (major == 18 && minor >= 20) ? 0 : 1)' \
		|| { echo "Node 18.20 or newer is needed (20 or newer is what openid-client supports); this is $$(node --version)." >&2; exit 1; }
	npm ci --prefix tests/interop --silent
	$(BIN)/python -m pytest tests/interop $(ARGS)

test-trackers: $(READY) ## The platform adapters against real trackers (installs Debian's packages of them, and chromium)
	@$(CHROMIUM)
	$(BIN)/python -m pytest tests/trackers $(ARGS)

test-poolers: $(READY) ## Behind PgBouncer, with passwords and TLS (installs Debian's pgbouncer and postgresql where there are none)
	@ls /usr/sbin/pgbouncer /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { \
		$(AS_ROOT) apt-get update -qq && $(APT_INSTALL) pgbouncer postgresql; }
	$(BIN)/python -m pytest tests/poolers $(ARGS)

bench: $(READY) ## What a whole set-up costs, beside a floor (ARGS="--flows 60 --databases sqlite"; --help)
	$(BIN)/python -W ignore -m benchmarks.handshakes $(ARGS)

PEERS := benchmarks/peers/node_modules/.package-lock.json
$(PEERS): benchmarks/peers/package-lock.json
	cd benchmarks/peers && npm ci --no-audit --no-fund --silent

bench-peers: $(READY) $(PEERS) ## The same, beside openid-client and oidc-provider too, which npm installs by lock file
	$(BIN)/python -W ignore -m benchmarks.handshakes --only times --peers $(ARGS)

bench-reads: $(READY) ## What lists cost with a thousand connections and with a million (ARGS="--many 100000")
	$(BIN)/python -W ignore -m benchmarks.reads $(ARGS)

bench-start: $(READY) ## How long a command and a node take to start
	$(BIN)/python -W ignore -m benchmarks.starting

examples: $(READY) ## Record the examples of the API's description anew, after an answer has changed
	$(BIN)/python -W ignore -m tests.recorded_examples

migrate: $(RUNS) ## Bring the database of PARLEY_DATABASE_URL to the newest revision
	$(BIN)/parley migrate $(ARGS)

docs: $(READY) ## Write what README.md and ARCHITECTURE.md show of the code anew
	$(BIN)/python docs/generate.py $(ARGS)

lock: $(READY) ## Compile both lock files (ARGS=--upgrade: take newer versions)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes -p 3.11 --annotation-style line \
		--custom-compile-command "make lock" --extra dev $(ARGS) pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes -p 3.11 --annotation-style line \
		--custom-compile-command "make lock" -c requirements-dev.lock $(ARGS) pyproject.toml -o requirements.lock

format: $(READY) ## Put the code into shape and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what can be made again; databases stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything is installed by hash from the lock. pip is used once, to fetch uv, by the hashes of the same lock.
$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || { sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > $(VENV)/uv.lock; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock; }
	$(BIN)/uv pip sync --system-certs --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(BIN)/uv pip install --system-certs --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.runs: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/parley.pth"
	@printf '#!%s\nfrom service.cli import main\nmain()\n' "$(CURDIR)/$(BIN)/python" > $(BIN)/parley; chmod +x $(BIN)/parley
	@touch $@

$(SECRETS): | $(RUNS)
	umask 077; mkdir -p $(@D); $(BIN)/parley new-sealing-key > $@.new; mv $@.new $@
