# The commands of the house. `make` alone lists them.

VENV ?= .venv
PYTHON ?=
PY := $(VENV)/bin/python
# Another database for the tests on PostgreSQL; the login must be allowed to make databases and roles.
TEST_POSTGRES_URL ?= postgres://$(shell id -un)@127.0.0.1:5432/postgres
TEST_REDIS_URL ?= redis://127.0.0.1:6379/15
PYTEST := $(PY) -m pytest
JOBS ?= auto
# Whoever is done takes from whoever has most left; until then neighbours stay together.
PARALLEL := -n $(JOBS) --dist worksteal
# Collecting everything takes longer than the few tests of a mark: files that name it are read.
WITH = $$(grep -rlE --include='test_*.py' '$(1)' tests)
# How many browsers, each with a server of its own, play at the same time.
BROWSERS ?= 3
# A production environment with secrets that live as long as the command.
RANDOM_KEY = $$($(PY) -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes($(1))).decode())')
AS_DEPLOYED = COUNTERSIGN_MODE=production COUNTERSIGN_URL=https://id.example.org DATABASE_URL=sqlite:// \
	COUNTERSIGN_SECRET_KEY=$(call RANDOM_KEY,48) COUNTERSIGN_KEK=$(call RANDOM_KEY,32)

.DEFAULT_GOAL := help
.PHONY: help run demo test test-postgresql test-redis test-hsm test-browser test-interop test-schema check check-code bench lock

help: ## list these commands
	@echo "Countersign:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '%-24s %s\n' "$$name" "$$text"; done
	@echo "HOST, PORT, DATABASE_URL and COUNTERSIGN_HOME change the obvious; docs/operating.md has the rest."

run: $(VENV)/runtime.stamp ## start web server and task worker; stop with Ctrl-C
	@exec $(PY) manage.py serve

demo: $(VENV)/runtime.stamp ## play the main job over HTTP, step by step
	@exec $(PY) manage.py demo

test: $(VENV)/dev.stamp ## all tests that need nothing but Python (SQLite)
	env -u DATABASE_URL $(PYTEST) $(PARALLEL)

test-postgresql: $(VENV)/dev.stamp ## the tests that ask a database, on PostgreSQL (TEST_POSTGRES_URL)
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PYTEST) $(PARALLEL)

test-redis: $(VENV)/dev.stamp ## limits counted in Redis (TEST_REDIS_URL)
	REDIS_URL=$(TEST_REDIS_URL) $(PYTEST) -m redis $(call WITH,mark\.redis)

test-hsm: $(VENV)/dev.stamp ## keys in a PKCS #11 token (SoftHSM2)
	$(PYTEST) -m hsm $(call WITH,mark\.hsm|soft_hsm)

test-browser: $(VENV)/dev.stamp tests/interop/node_modules ## admin and pages in the system's Chromium
	$(PYTEST) -m browser -n $(BROWSERS) --dist loadfile $(call WITH,mark\.browser)

test-interop: $(VENV)/dev.stamp tests/interop/node_modules ## the JavaScript client against a live server (Node 20)
	$(PYTEST) -m interop $(call WITH,mark\.interop)

test-schema: $(VENV)/dev.stamp ## everything in docs/openapi.json asked of a live server (two minutes)
	$(PYTEST) -m schema $(call WITH,mark\.schema)

check: check-code ## all of check-code, and how many statements a request may ask
	env -u DATABASE_URL $(PYTEST) -q tests/budgets

check-code: $(VENV)/dev.stamp ## style, types, storeys of the house, migrations, deployment settings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(AS_DEPLOYED) $(PY) manage.py makemigrations --check --dry-run
	$(AS_DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING

bench: $(VENV)/dev.stamp ## requests/s and CPU beside a bare floor and other servers (needs Node)
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.audit_append
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.webhooks
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.admin_pages
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.sessions
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.passkeys
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.onboarding
	DATABASE_URL=$(TEST_POSTGRES_URL) $(PY) -m bench.bridge

lock: $(VENV)/dev.stamp ## write the lock files anew from pyproject.toml
	$(VENV)/bin/pip-compile --quiet --upgrade --output-file requirements.lock pyproject.toml
	$(VENV)/bin/pip-compile --quiet --upgrade --extra dev --extra redis --extra pkcs11 --extra hedera \
		--constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

tests/interop/node_modules: tests/interop/package-lock.json
	cd tests/interop && npm ci --no-audit --no-fund
	@touch $@

# The stamps are newer than the locks they were made from, so a second start installs nothing.
$(VENV)/runtime.stamp: requirements.lock
	@test -x $(PY) || { python=$$(PYTHON='$(PYTHON)' .ci/find-python) && \
		echo "Making $(VENV) with $$python" && "$$python" -m venv $(VENV); }
	@echo "Installing the pinned packages into $(VENV) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@echo "Installing the pinned tools into $(VENV) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
