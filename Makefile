# The two commands of a fresh machine: `make demo` and `make test`. The inner loop: `make check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo

.PHONY: help demo test test-long check bench format lock clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

# The environment: exactly what requirements.lock names, by hash. Debian's python3 may lack its venv module.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "retroaudit needs Python 3.11 to 3.13, $(PYTHON) is $$($(PYTHON) -V); try: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "installing Debian's python3-venv"; apt-get install -qq -y python3-venv && $(PYTHON) -m venv $(VENV); }
	@sed -n '/^uv==/,/^    # via/p' requirements.lock > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## an archive with planted incidents, audited night by night, and its last night once more in Airflow (2 to 3 minutes)
	@rm -rf $(DEMO)
	@$(BIN)/retroaudit demo --days 91 --out $(DEMO)
	@$(BIN)/python -m retroaudit.orchestration.once $(DEMO) dags

test: $(READY) ## everything: lint, types, laws, published numbers, faults, end to end
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@command -v openssl >/dev/null || { echo "installing Debian's openssl, a time-stamp authority for tests"; apt-get install -qq -y openssl; }
	@rm -f build/faults.jsonl
	$(BIN)/pytest -n 2 --dist loadgroup -m "not long"

test-long: $(READY) ## what takes hours: every bit of a store flipped, ten thousand kills, races on a real server
	$(BIN)/pytest -n 2 -m long
	$(BIN)/python -m tests.faults.results build/faults.jsonl tests/faults/RESULTS.md

check: $(READY) ## the inner loop: lint, types and the quick tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -n 2 -q -m "not slow and not long and not airflow and not server and not published"

NANNYML := build/nannyml
$(NANNYML)/.ready: $(READY) tests/benchmarks/nannyml.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(NANNYML)
	$(BIN)/uv pip install --quiet --no-deps --python $(NANNYML)/bin/python -r tests/benchmarks/nannyml.txt
	@touch $@

bench: $(NANNYML)/.ready ## both sides of every benchmark, on a quiet machine (about 40 minutes, 10 GB of disk)
	@rm -f build/benchmarks.jsonl
	$(BIN)/python -m tests.benchmarks --size full --out build/benchmarks.jsonl
	$(BIN)/python -m tests.benchmarks.results build/benchmarks.jsonl tests/benchmarks/RESULTS.md

format: $(READY) ## put the source in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(READY) ## resolve the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra dev --upgrade --output-file requirements.lock pyproject.toml

clean: ## remove what was made here
	rm -rf $(VENV) $(DEMO) build dist
