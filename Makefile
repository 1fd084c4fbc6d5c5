# Two commands do everything on a fresh machine that has Python 3.11+, make and pip:
#   make audit    audits the loans sample as a Prefect flow and prints the verdict
#   make test     runs the whole test suite
# The tests in a real browser skip where there is none: `make browser` installs Debian's chromium.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# pip's constraints make every machine run what the tests ran with.
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: audit test lint browser clean
.DEFAULT_GOAL := audit

audit: $(VENV)/.installed
	@# 0 pass, 1 reject and 3 undecided are verdicts: the audit ran. Anything else means that it did not.
	@$(BIN)/assay run data_samples/loans/audit.yaml; code=$$?; \
	  case $$code in 0|1|3) exit 0;; *) exit $$code;; esac

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

browser:
	@command -v chromium >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && sudo= || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium; }

clean:
	rm -rf $(VENV) build *.egg-info src/*.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Assay needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Assay into $(VENV) (once; about two minutes) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the test tools into $(VENV) (once) ..."
	$(PIP) --editable '.[dev]'
	@touch $@
