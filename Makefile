# run: the sample cohort, from nothing to the report.   test: all tests.   check: style, types, layers.
# docs: the pages of docs/ and the graph of the rules.   pictures: the report's too (Chromium).
# images: the steps' images, for the backends with containers (IMAGES_BUILD: options).
PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
ENV := .venv
BIN := $(ENV)/bin
LOCK := containers/workstation
IMAGES := $(basename $(filter-out $(LOCK)/%,$(wildcard containers/*/requirements.in)))
UV := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header

.PHONY: run test check validate bench images notebooks docs pictures samples lock clean

run: $(ENV)/run.stamp
	$(BIN)/genocohort run --cores $(CORES)

test: $(ENV)/test.stamp
	$(BIN)/python -m pytest $(PYTEST)

check: $(ENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --snakefile workflow/Snakefile --lint
	$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb

validate: $(ENV)/test.stamp
	$(BIN)/python -m pytest -m "validation or cases"

bench: $(ENV)/test.stamp
	$(BIN)/python tests/benchmarks/run.py $(STEP)

notebooks: $(ENV)/run.stamp
	cd notebooks && ../$(BIN)/jupyter lab

docs: $(ENV)/run.stamp
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/pictures.py dag

pictures: run docs
	$(BIN)/python docs/pictures.py report results/full/report/index.html

samples: $(ENV)/test.stamp
	$(BIN)/python data-samples/generate.py

lock: $(ENV)/test.stamp
	$(UV) $(LOCK)/requirements-dev.in -o $(LOCK)/requirements-dev.txt
	$(UV) -c $(LOCK)/requirements-dev.txt $(LOCK)/requirements.in -o $(LOCK)/requirements.txt
	for image in $(IMAGES); do \
	  $(UV) -c $(LOCK)/requirements-dev.txt $$image.in -o $$image.txt || exit 1; done

images: $(ENV)/run.stamp
	$(BIN)/genocohort images build $(IMAGES_BUILD)

clean:
	rm -rf results work logs benchmarks .snakemake

$(ENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(ENV)

KERNELS = setup.py $(wildcard workflow/genocohort/kernels/*.p[xy][xi])

$(ENV)/run.stamp: $(LOCK)/requirements.txt pyproject.toml $(KERNELS) | $(ENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(ENV)/test.stamp: $(LOCK)/requirements-dev.txt $(ENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)/requirements-dev.txt
	touch $@
