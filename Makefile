# `make report`, `make test`, `make bench`, `make docs`: each sets up what it needs, in .venv.
PYTHON ?= python3
INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: report test bench docs check clean

report: .venv/ready
	.venv/bin/thalweg report

test: .venv/ready
	.venv/bin/python -m pytest -n 2 --dist worksteal -rs

# Every row of the engine against its peers; ends with an error where a goal is not reached. BENCH=--quick for a look.
bench: .venv/bench
	.venv/bin/python -m benchmarks engine $(BENCH)

# Nothing is fetched but the packages; a warning is an error.
docs: .venv/docs
	.venv/bin/python -m sphinx -q -E -W --keep-going -n docs docs/_build/html
	@echo "docs/_build/html/index.html"

check: .venv/ready
	.venv/bin/ruff check --no-cache .
	.venv/bin/ruff format --no-cache --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

clean:
	rm -rf .venv .venv-plain docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "thalweg needs Python 3.11 or newer; $(PYTHON) is %d.%d: say make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv .venv
	.venv/bin/python $(INSTALL) --editable '.[fast,test]'
	touch $@

.venv/bench: .venv/ready
	.venv/bin/python $(INSTALL) --editable '.[fast,bench]'
	touch $@

.venv/docs: .venv/ready
	.venv/bin/python $(INSTALL) --editable '.[docs]'
	touch $@

# The same without the extra [fast], to test that nothing needs it.
.venv-plain/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-plain
	.venv-plain/bin/python $(INSTALL) --editable '.[test]'
	touch $@
