# Two commands: `make report` and `make test`. Each sets up what it needs, in .venv.
PYTHON ?= python3
INSTALL = -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: report test check clean

report: .venv/ready
	.venv/bin/thalweg report

test: .venv/ready
	.venv/bin/python -m pytest -n 2 --dist worksteal -rs

check: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

clean:
	rm -rf .venv .venv-plain .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "thalweg needs Python 3.11 or newer; $(PYTHON) is %d.%d: say make PYTHON=python3.12" % v[:2])'
	$(PYTHON) -m venv .venv
	.venv/bin/python $(INSTALL) --editable '.[fast,test]'
	touch $@

# The same without the extra [fast], to test that nothing needs it.
.venv-plain/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-plain
	.venv-plain/bin/python $(INSTALL) --editable '.[test]'
	touch $@
