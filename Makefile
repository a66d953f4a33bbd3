# Two commands suffice on a new Debian or Ubuntu: `make run` and `make test`.
# All that they make is in .venv and .cache, beside this file.

SHELL := /bin/bash
.SILENT:
MAKEFLAGS += --no-print-directory

# for `make run`, as in: make run ARGS="--config ./empreinte.toml"
ARGS :=
# for `make test`, as in: make test TESTS="tests/unit -k wraps"
TESTS :=
# an interpreter to use instead of the first that fits
export PYTHON
# where it is set, each of the processes that the tests start compiles all that it imports, and pytest each of its files
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:
	echo "make run           run the daemon here; its page is at http://127.0.0.1:21031/"
	echo "make test          check the code and run the tests, in minutes"
	echo "make test-long     all tests, also those that take longer, and on other Pythons"
	echo "make test-pythons  the unit tests on each Python from 3.11 to 3.13 that is here"
	echo "make check         format, lint, types, imports"
	echo "make fmt           format the code"
	echo "make docs          make the generated pages of docs/ again"
	echo "make clean         remove what these commands made"

.PHONY: run
run: .venv/.for-run
	exec .venv/bin/empreinte run $(ARGS)

# what compares times runs alone; the others three by three, a file at a time, in the order of tests/conftest.py: more
# than there may be processors, for who waits leaves its own to the others
ALONE := tests/bench

.PHONY: test
test: check parts
	$(call tested)

.PHONY: test-long
test-long: check parts long-parts test-pythons
	$(call tested,--long)

ifeq ($(TESTS),)
define tested
.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ALONE:%=--ignore=%) $(1)
.venv/bin/pytest $(1) $(ALONE)
endef
else
define tested
.venv/bin/pytest $(1) $(TESTS)
endef
endif

.PHONY: test-pythons
test-pythons: .venv/.for-tests
	.ci/pythons

# all four, also where the first one finds something
.PHONY: check
check: .venv/.for-tests
	echo "check: format, lint, types, imports"
	$(MAKE) --keep-going format lint types imports

.PHONY: format lint types imports
format:
	.venv/bin/ruff format --quiet --check .
lint:
	.venv/bin/ruff check --quiet .
types:
	.venv/bin/mypy --no-error-summary
imports:
	.venv/bin/lint-imports --no-logo >.cache/imports.log || { cat .cache/imports.log; exit 1; }

.PHONY: fmt
fmt: .venv/.for-tests
	.venv/bin/ruff check --quiet --fix-only .
	.venv/bin/ruff format --quiet .

.PHONY: docs
docs: .venv/.for-tests
	.venv/bin/python docs/generate.py

.PHONY: parts
parts: .venv/.for-tests
	.ci/parts

# some 600 MB: only for the tests that take longer
.PHONY: long-parts
long-parts: .venv/.for-tests
	.venv/bin/python -m tests.parts.litellm || echo "setup: tests that need LiteLLM will be skipped"

.PHONY: clean
clean:
	rm -rf .venv .cache

.venv/.for-run: .ci/setup pyproject.toml uv.lock
	.ci/setup run

.venv/.for-tests: .ci/setup pyproject.toml uv.lock
	.ci/setup tests
