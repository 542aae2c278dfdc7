# Lectern. `make run` and `make test` are all a newcomer needs; each sets up what it uses.
# VENV may name another virtual environment, PYTHON another interpreter (3.11 or newer).
VENV ?= .venv
PYTHON ?= python3
STAGE ?= dev
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHECKOV := $(VENV)/checkov
AXE := tests/browser/node_modules/.package-lock.json

# Where a mirror of Terraform's providers is beside the clone, they come from there, unless the
# environment names a configuration that exists.
MIRROR := ../shared/tools/terraform-mirror
ifneq ($(and $(wildcard $(MIRROR)),$(if $(wildcard $(TF_CLI_CONFIG_FILE)),,yes)),)
export TF_CLI_CONFIG_FILE := $(shell $(MIRROR) 2>/dev/null)
endif

.DEFAULT_GOAL := help
.PHONY: help run demo test test-nightly test-dynamodb-local bench check policies docs format package clean

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
	@exec $(BIN)/chalice local --stage local

demo: $(READY)  ## a speaker and five listeners, live in the terminal, against `make run`
	@PYTHONPATH=clients/python/src $(BIN)/python -m sandbox.demo

test: $(READY)  ## every test that CI runs
	@$(BIN)/python -m pytest -n auto --cov --cov-report=term

test-nightly: $(READY)  ## what takes longer: the whole crash matrix, 5,000 histories, code broken on purpose
	@$(BIN)/python -m tests.invariants
	@LECTERN_EXAMPLES=5000 $(BIN)/python -m pytest --timeout 7200 tests/invariants/test_stateful.py
	@$(BIN)/python -m pytest -n auto -m nightly
	@$(BIN)/python -m tests.invariants.break_it

test-dynamodb-local: $(READY)  ## wire, stores and random histories against DynamoDB Local too (Java, Maven)
	@LECTERN_EXAMPLES=$${LECTERN_EXAMPLES:-20} $(BIN)/python -m tools.dynamodb_local $(BIN)/python -m pytest -n auto \
	  --timeout 1800 tests/chalicelib/aws tests/invariants/test_memory.py tests/invariants/test_stateful.py

bench: $(READY)  ## measure everything beside its peers; writes bench/results.md and .json
	@$(BIN)/python -m bench

ifneq ($(shell command -v npm),)
test: $(AXE)
endif

$(AXE): tests/browser/package-lock.json
	@npm ci --prefix tests/browser --silent --no-audit --no-fund
	@touch $@

check: $(READY)  ## format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

ifneq ($(shell command -v terraform),)
check: policies
endif

policies: $(READY) $(CHECKOV)/.ready  ## check the Terraform's format and policies (part of check)
	@terraform fmt -check -recursive -diff terraform
	@$(BIN)/python -m tools.mocked_plan --stage prod --out artifacts/plan-prod.json
	@$(CHECKOV)/bin/checkov --config-file terraform/checkov.yaml -f artifacts/plan-prod.json
	@$(CHECKOV)/bin/checkov --config-file terraform/checkov.yaml -d terraform/modules

$(CHECKOV)/.ready: requirements-checkov.txt
	@echo "Setting up checkov (a minute the first time) ..."
	@$(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

package: $(READY)  ## make terraform/chalice.tf.json and deployment.zip of STAGE (dev)
	@$(BIN)/python -m tools.package --stage $(STAGE)

docs: $(READY)  ## make the tables in Terraform's READMEs anew
	@$(BIN)/python -m tools.terraform_docs

format: $(READY)  ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove everything that was made here
	@rm -rf $(VENV) .venv-bench .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage artifacts \
	  .chalice/deployments tests/browser/node_modules terraform/.terraform \
	  terraform/chalice.tf.json terraform/deployment.zip
