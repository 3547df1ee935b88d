"""python -m benchmarks NAME [--json]: measure, and print every row, those that lose like those that win."""

import json
import os
import platform
import sys
from importlib import import_module
from importlib.metadata import version

from benchmarks.rows import Row, as_plain, as_text

NAMES = {"spine": "what the spine promises: report, imports, agreement with peers, verification"}


def main(arguments: list[str]) -> int:
    """The exit code: 0 if every goal holds, 1 if one does not, 2 for wrong use."""
    names = [argument for argument in arguments if argument != "--json"]
    if len(names) != 1 or names[0] not in NAMES:
        said = "say which benchmark" if not names else f"no benchmark {' '.join(names)!r}"
        known = "; ".join(f"{name}: {what}" for name, what in NAMES.items())
        print(f"benchmarks: {said}; have {known}. As in: python -m benchmarks spine --json", file=sys.stderr)
        return 2
    print(f"on {described()}", file=sys.stderr)
    rows: list[Row] = []
    for row in import_module(f"benchmarks.{names[0]}").rows():
        print(f"  {row.scenario}: {row.measure}", file=sys.stderr, flush=True)
        rows.append(row)
    print(json.dumps([as_plain(row) for row in rows], indent=2) if "--json" in arguments else as_text(rows))
    return 0 if all(row.holds for row in rows) else 1


def described() -> str:
    """The machine and the versions that numbers depend on."""
    packages = ", ".join(f"{package} {version(package)}" for package in ("thalweg", "numpy"))
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    return f"{machine}, Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
