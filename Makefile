# Every target works from a fresh clone with Python 3.11 or newer; each makes what it needs.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
ENV ?= stacksets/example.yaml

.DEFAULT_GOAL := help
.PHONY: help drill build deploy-local check lint test proof soak bench clean
SCENARIO ?= region-loss
SPEED ?= 10

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.made: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.made-local: $(VENV)/.made requirements-local.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-local.txt
	@touch $@

$(VENV)/.made-test: $(VENV)/.made-local requirements-test.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

$(VENV)/.made-gates: requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c requirements-test.txt tox tox-uv uv
	@touch $@

drill: $(VENV)/.made-local ## take a region away from a local cloud, and see what happens; SCENARIO, SPEED (1 is real time)
	$(RUN) -m generator drill $(SCENARIO) --speed $(SPEED)

build: $(VENV)/.made ## build templates and function packages from ENV, and lint them
	$(RUN) -m generator build $(ENV)
	$(RUN) -m generator lint --env $(ENV)

deploy-local: $(VENV)/.made-local ## deploy ENV into a local cloud: no AWS account, no Docker
	$(RUN) -m generator build $(ENV)
	$(RUN) -m generator deploy $(ENV) --local

check: $(VENV)/.made ## fail when templates/ is not what the generator builds
	$(RUN) -m generator build $(ENV) --check

lint: $(VENV)/.made ## lint the library in every shape and region of the files in stacksets/
	$(RUN) -m generator lint

test: $(VENV)/.made-gates ## run everything that must pass before a change lands (tox)
	$(VENV)/bin/tox run-parallel --parallel 2 --parallel-live

proof: $(VENV)/.made-test ## play every scenario, the crossed ones, and the spoiled drills that have to fail: two hours
	$(RUN) -m generator drill --all --speed $(SPEED)
	$(RUN) -m generator drill --crossed --speed $(SPEED) --out build/crossed
	$(RUN) -m pytest -n 1 tests/proof

soak: $(VENV)/.made-test ## interrupted deployments, simulated runs and the databases' machine, much longer than the tests do
	SOAK=10 $(RUN) -m pytest -n 2 --dist loadgroup tests/resilience tests/simulation tests/cloud/test_databases_machine.py

bench: $(VENV)/.made-test ## measure, and write docs/benchmarks.md
	$(RUN) -m benchmarks

clean: ## remove what was made: environments, caches, packages
	rm -rf $(VENV) .tox build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
