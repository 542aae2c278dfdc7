# Lectern. `make run` and `make test` are all a newcomer needs; each sets up what it uses.
# VENV may name another virtual environment, PYTHON another interpreter (3.11 or newer).
VENV ?= .venv
PYTHON ?= python3
STAGE ?= dev
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHECKOV := $(VENV)/checkov
PIP_AUDIT := $(VENV)/audit
# What runs elsewhere than in a test.
BANDIT := app.py chalicelib localcloud operate sandbox tools clients/python/src examples
AXE := tests/browser/node_modules/.package-lock.json
DYNOXIDE := tools/dynoxide/node_modules/.package-lock.json

# Terraform fetches its providers from a mirror where Terraform's own configuration names one:
# TF_CLI_CONFIG_FILE, or ~/.terraformrc.

# Workers and stacks that tests start share what is compiled, whatever the environment says.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest
# Units, rules and contracts: no Terraform, no browser, no npm, no stack in a process of its own.
QUICK := tests/chalicelib tests/invariants tests/asyncapi

.DEFAULT_GOAL := help
.PHONY: help run demo test test-quick test-again coverage test-nightly test-dynamodb-local bench bench-load check policies audit docs format \
  package version clean deploy-local destroy-local alarms-local

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 24

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Lectern needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) (a minute the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: $(READY)  ## start the whole stack on this machine, with its console
	@# Before Chalice looks: until the app is imported, its reloader takes a compiled file for an edit.
	@$(BIN)/python -m compileall -q app.py chalicelib sandbox
	@exec $(BIN)/chalice local --stage local

demo: $(READY)  ## a speaker and five listeners, live in the terminal, against `make run`
	@PYTHONPATH=clients/python/src $(BIN)/python -m sandbox.demo

test: $(READY)  ## every test that CI runs
	@$(PYTEST) -n auto --dist loadgroup

test-quick: $(READY)  ## units, rules and contracts, within a minute
	@$(PYTEST) -n auto --dist loadgroup -m 'not nightly and not slow' $(QUICK)

test-again: $(READY)  ## what failed in the last run of the tests, once more and alone
	@$(PYTEST) --last-failed --last-failed-no-failures none

coverage: $(READY)  ## the same, with the lines that no test reaches
	@$(PYTEST) -n auto --dist loadgroup --cov --cov-report=term

test-nightly: $(READY)  ## what takes longer: the whole crash matrix, all interleavings, 5,000 histories, code broken on purpose
	@$(BIN)/python -m tests.invariants
	@$(BIN)/python -m tests.invariants.interleaving
	@LECTERN_EXAMPLES=5000 $(PYTEST) --timeout 7200 tests/invariants/test_stateful.py \
	  tests/chalicelib/actions/across/test_tenants_apart.py
	@$(PYTEST) -n auto --dist loadgroup -m nightly
	@$(BIN)/python -m tests.invariants.break_it

test-dynamodb-local: $(READY)  ## wire, stores and random histories on DynamoDB Local (Java, Maven; Amazon's terms)
	@$(BIN)/python -m tools.dynamodb_local $(BIN)/python -m pytest -n auto --timeout 1800 \
	  tests/chalicelib/aws tests/chalicelib/stores tests/invariants/test_memory.py tests/invariants/test_stateful.py

bench: $(READY)  ## measure everything beside its peers, or BENCH="cost wire"; writes bench/results.md and .json
	@$(BIN)/python -m bench $(BENCH)

# 3,000 sockets; LOAD has other options of `python -m bench.load`.
LOAD ?= --speakers 6 --listeners 2994 --minutes 10 --drops 2 --refreshes 2 --faults 1 --ramp 20 --save --plot docs/images/load.png

bench-load: $(READY) $(DYNOXIDE)  ## 3,000 sockets for ten minutes, with drops and faults (npm; Linux on x86-64)
	@$(BIN)/python -m tools.dynoxide $(BIN)/python -m bench.load --here $(LOAD)

ifneq ($(shell command -v npm),)
test coverage test-nightly: $(AXE) $(DYNOXIDE)
else
test coverage test-nightly: without-npm
endif

.PHONY: without-npm
without-npm:
	@echo "Without npm some tests are skipped: accessibility, the npm packages, another DynamoDB than moto."

%/node_modules/.package-lock.json: %/package-lock.json
	@npm ci --prefix $* --silent --no-audit --no-fund
	@touch $@

check: $(READY) $(PIP_AUDIT)/.ready  ## format, lint, types, layers, known vulnerabilities
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml $(BANDIT)
	@$(BIN)/python -m tools.audit $(PIP_AUDIT)/bin/pip-audit

audit: $(READY) $(PIP_AUDIT)/.ready  ## known vulnerabilities in what is pinned; fails where nobody can be asked
	@$(BIN)/python -m tools.audit --required $(PIP_AUDIT)/bin/pip-audit

$(PIP_AUDIT)/.ready: tools/requirements-audit.txt
	@echo "Setting up pip-audit ..."
	@$(PYTHON) -m venv $(PIP_AUDIT)
	@$(PIP_AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

ifneq ($(shell command -v terraform),)
check: policies
endif

policies: $(READY) $(CHECKOV)/.ready  ## check the Terraform's format and policies (part of check)
	@terraform fmt -check -recursive -diff terraform
	@$(BIN)/python -m tools.mocked_plan --stage prod --out artifacts/plan-prod.json
	@$(CHECKOV)/bin/checkov --config-file terraform/checkov.yaml -f artifacts/plan-prod.json
	@$(CHECKOV)/bin/checkov --config-file terraform/checkov.yaml -d terraform/modules

$(CHECKOV)/.ready: tools/requirements-checkov.txt
	@echo "Setting up checkov (a minute the first time) ..."
	@$(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

package: $(READY)  ## make terraform/chalice.tf.json, deployment.zip and its bill of materials, of STAGE (dev)
	@$(BIN)/python -m tools.package --stage $(STAGE)

deploy-local: $(READY)  ## apply STAGE (dev) by Terraform to an AWS account on this machine; VARS="-var …"
	@$(BIN)/python -m localcloud deploy --stage $(STAGE) $(VARS)

destroy-local: $(READY)  ## take it down by terraform destroy, and see that nothing is left
	@$(BIN)/python -m localcloud destroy --stage $(STAGE) $(VARS)

docs: $(READY)  ## make anew what is made from the code: protocol, settings, operator API, Terraform's tables
	@for page in asyncapi protocol_page settings_page openapi terraform_docs; do \
	  $(BIN)/python -m tools.$$page || exit 1; done

version: $(READY)  ## write VERSION=0.2.0 (or the one of pyproject.toml) to where it has to be
	@$(BIN)/python -m tools.version $(VERSION)

alarms-local: $(READY)  ## the alarms of the local cloud, with the values they were evaluated on
	@$(BIN)/python -m localcloud alarms

format: $(READY)  ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove everything that was made here
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage artifacts \
	  .chalice/deployments .local-cloud tests/browser/node_modules tests/docs/npm/node_modules tools/dynoxide/node_modules \
	  tests/asyncapi/parser/node_modules terraform/.terraform \
	  terraform/chalice.tf.json terraform/deployment.zip terraform/deployment.cdx.json
