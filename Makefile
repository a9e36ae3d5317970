# Every target works on a machine with only Python >= 3.11 and make. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
UV := .cache/uv/bin/uv
PYTEST := $(BIN)/python -m pytest
UV_COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml --extra all

# Behind a proxy that signs with its own authority the system knows it, as pip does; a bare system knows none.
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/* /etc/ssl/cert.pem /etc/pki/tls/certs/*),1,0)

# Modules are compiled once, not by each of the hundreds of processes that tests start; images often set this.
unexport PYTHONDONTWRITEBYTECODE

# Half as many again as there are cores: tests wait for databases, browsers and other processes.
TEST_PROCESSES ?= $(shell $(BIN)/python -c 'import os; print(os.cpu_count() * 3 // 2 or 1)')

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check interop faults again chaos coverage mutants bench lock dashboard clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

$(UV): locks/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@echo "Installing uv into .cache/uv ..."
	@$(PYTHON) -m venv --clear .cache/uv
	@.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/uv.txt
	@touch $(UV)

.venv/.run: $(UV) locks/run.txt pyproject.toml
	@echo "Installing Revenge and what it needs into .venv ..."
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r locks/run.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r locks/build.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q revenge
	@touch .venv/.run

.venv/.dev: .venv/.run locks/dev.txt
	@echo "Installing what tests and checks need into .venv ..."
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r locks/dev.txt
	@touch .venv/.dev

setup: .venv/.run ## .venv with the locked dependencies and `revenge` in .venv/bin
setup-dev: .venv/.dev ## the same with what tests and checks need

# As they were written: a folder may be called "$5 (1999)".
run: export DEMO_LIBRARY := $(value LIBRARY)
run: export DEMO_TYPE := $(value TYPE)
run: setup ## demo (or LIBRARY=/films [TYPE=movie|tv]): database, server, workers, scan
	@$(BIN)/revenge demo $${DEMO_LIBRARY:+--library "$$DEMO_LIBRARY"} $${DEMO_TYPE:+--type "$$DEMO_TYPE"}

test: setup-dev ## the test suite, all but the faults
	@$(PYTEST) -n $(TEST_PROCESSES) --dist worksteal -m "not chaos and not faults" tests/unit tests/integration tests/acceptance

check: setup-dev ## format, lint, types, import contracts, unit tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --verbose > .cache/imports.txt || { cat .cache/imports.txt; exit 1; }
	@$(PYTEST) -n auto -q tests/unit

interop: setup-dev ## tests against River in Go (the toolchain comes from a wheel)
	@$(PYTEST) -n 2 --dist worksteal -m "not chaos" tests/interop

faults: setup-dev ## what the engine must outlive: killed nodes, servers cut off, full, failed over
	@$(PYTEST) -n 2 --dist worksteal -m "faults and not chaos" tests/integration

again: setup-dev ## what failed the last time, one after the other
	@$(PYTEST) --last-failed --last-failed-no-failures none -p no:randomly tests

chaos: setup-dev ## the long fault tests: make chaos N=1000000 [ROUNDS=20] [ONLY=settles_once]
	@$(PYTEST) -m chaos -s --chaos-jobs $(or $(N),20000) --chaos-rounds $(or $(ROUNDS),1) $(if $(ONLY),-k "$(ONLY)") -p no:randomly tests/integration tests/interop

coverage: setup-dev ## branches of the engine that its tests take; fails below 90 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n auto -q -m "not chaos" tests/unit/infra/jobs tests/integration/infra/jobs
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage json --quiet --include='revenge/infra/jobs/*' -o .cache/coverage/report.json
	@$(BIN)/python -m scripts.branch_coverage 90 < .cache/coverage/report.json

mutants: setup-dev ## mutation tests of the pure rules; what survives: docs/mutants.md
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

bench: setup-dev ## beside other job queues, in rounds: make bench ARGS="--rounds 3 --quick --write-docs"
	@$(BIN)/python -m bench $(ARGS)

dashboard: setup-dev ## build the dashboard's bundle from its source
	@$(BIN)/python -m scripts.build_dashboard

lock: $(UV) ## renew the locks
	@$(UV_COMPILE) --output-file locks/run.txt
	@$(UV_COMPILE) --group dev --output-file locks/dev.txt
	@printf 'hatchling\neditables\n' | $(subst pyproject.toml --extra all,-,$(UV_COMPILE)) --output-file locks/build.txt
	@printf 'uv\n' | $(subst pyproject.toml --extra all,-,$(UV_COMPILE)) --output-file locks/uv.txt

clean: ## remove what the targets made (not ./data)
	@rm -rf .venv .cache
