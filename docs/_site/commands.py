"""The command line, from the parser that --help prints."""

import re

from thalweg.interfaces.cli import COMMANDS, application

HEADING = re.compile(r"^## thalweg (\S+)\n+(.*?)(?=^## thalweg |\Z)", re.DOTALL | re.MULTILINE)
EXAMPLE = re.compile(r"^(Examples?:) (thalweg .*)$", re.MULTILINE)


def help_of(name: str) -> str:
    """All that `thalweg NAME --help` says, as Markdown."""
    app = application(name)
    for other in COMMANDS.keys() - {name}:  # or all would be written for each
        del app[other]
    found = dict(HEADING.findall(app.generate_docs()))[name]
    found = EXAMPLE.sub(r"\1\n\n```console\n$ \2\n```", found)
    found = found.replace(" *[default: False]*", "")  # --help leaves it out, too
    return re.sub(r"^\*\*(.+)\*\*:$", r"**\1**", found, flags=re.MULTILINE)


def command_line() -> str:
    """Every command with its flags."""
    return "\n".join(f"## thalweg {name}\n\n{help_of(name)}" for name in COMMANDS)


PARTS = {"command-line": command_line}
