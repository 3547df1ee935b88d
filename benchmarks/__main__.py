"""python -m benchmarks NAME [--json | --markdown | --page FILE] [--quick] [--only GROUP]

Measure, and print every row, those that lose like those that win.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.rows import Row, as_markdown, as_plain, as_text

NAMES = {
    "spine": "what the spine promises: report, imports, agreement with peers, verification",
    "engine": "the engine against its peers on one thread, and how cost grows with the work",
}
PACKAGES = ("thalweg", "numpy", "numba", "scikit-learn", "torch", "jax", "optax", "vowpalwabbit")


def main(arguments: list[str]) -> int:
    """The exit code: 0 if every goal holds, 1 if one does not, 2 for wrong use."""
    try:
        asked = _parser().parse_args(arguments)
    except _Refused as refused:
        print(f"benchmarks: {refused}", file=sys.stderr)
        return 2
    print(f"on {described()}", file=sys.stderr)
    rows: list[Row] = []
    for row in _rows(asked):
        shown = f"{row.value:.4g} {row.unit}" if row.value == row.value else row.note
        print(f"  {row.scenario}: {row.measure}, {row.peer}: {shown} {row.verdict}", file=sys.stderr, flush=True)
        rows.append(row)
    told = f"{described()}\n\n{as_markdown(rows)}"
    if asked.page:
        asked.page.write_text(with_table(asked.page.read_text(encoding="utf-8"), told), encoding="utf-8")
    if asked.json:
        print(json.dumps([as_plain(row) for row in rows], indent=2, ensure_ascii=False))
    else:
        print(told if asked.markdown else as_text(rows))
    return 0 if all(row.holds for row in rows) else 1


def _rows(asked: argparse.Namespace) -> Iterator[Row]:
    module = import_module(f"benchmarks.{asked.name}")
    return module.rows() if asked.name == "spine" else module.rows(quick=asked.quick, only=asked.only)


class _Refused(Exception):
    """Wrong use, in a sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        known = "; ".join(f"{name}: {what}" for name, what in NAMES.items())
        raise _Refused(f"{message}; have {known}. As in: python -m benchmarks engine --json")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m benchmarks", description="Measure, and print every row.")
    parser.add_argument("name", choices=list(NAMES), help="; ".join(f"{n}: {what}" for n, what in NAMES.items()))
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="rows of scenario, measure, value, unit, peer, goal, holds")
    form.add_argument("--markdown", action="store_true", help="a table for docs/performance.md")
    parser.add_argument("--page", type=_page, metavar="FILE", help="write that table between the marks of this page")
    parser.add_argument("--quick", action="store_true", help="engine: small sizes for a look, goals are not judged")
    parser.add_argument("--only", default="", choices=["", *groups()], help="engine: one group of scenarios")
    return parser


BEGIN, END = "\n% begin\n", "\n% end\n"


def _page(name: str) -> Path:
    """A page that has the two marks, one after the other."""
    path = Path(name)
    if not path.is_file() or BEGIN not in path.read_text(encoding="utf-8").partition(END)[0] + "\n":
        raise argparse.ArgumentTypeError(f"{name} is no page with the lines '% begin' and '% end'")
    return path


def with_table(page: str, table: str) -> str:
    """The page with this between its marks, in place of what stood there."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{(BEGIN + rest).partition(END)[2]}"


def groups() -> list[str]:
    from benchmarks.engine.goals import GOALS

    return list(GOALS)


def described() -> str:
    """The machine and the versions that numbers depend on."""
    machine = f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores"
    packages = ", ".join(f"{package} {_version(package)}" for package in PACKAGES)
    return f"{machine}, load {os.getloadavg()[0]:.1f}, one thread, Python {platform.python_version()}, {packages}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "processor unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
