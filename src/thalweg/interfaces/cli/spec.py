"""thalweg spec: these flags as a spec.toml that explains itself."""

from typing import Annotated

import msgspec
from cyclopts import Parameter

from thalweg.descent.spec_text import commented
from thalweg.descent.train import resolved as resolve
from thalweg.interfaces.cli import FINE
from thalweg.interfaces.cli.flags import DataFlags, Json, MethodFlags, ModelFlags, RunFlags, spec_from
from thalweg.interfaces.cli.say import command, put_json, say
from thalweg.problems.build import build


def spec(
    data: str | None = None,
    *,
    dataset: DataFlags | None = None,
    model: ModelFlags | None = None,
    method: MethodFlags | None = None,
    run: RunFlags | None = None,
    resolved: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> int:
    """Print a commented spec.toml for these flags: every field with its value, its meaning and its range.

    Example: thalweg spec iris --rule adam --lr 0.05 > spec.toml

    `thalweg train spec.toml` then does what the flags would have done.

    Parameters
    ----------
    data
        A bundled name, a file, a SQL query, or a spec.toml; flags change what it says.
    resolved
        Read the data and fill in what is open: task, loss, initial weights, learning rate, evaluations.
    json
        Print the spec as JSON on stdout, its text under "toml".
    """
    made = spec_from(data, dataset, model, method, run)
    if resolved:
        made = resolve(made)
        for notice in build(made.problem, made.dtype).notices:
            say(f"note: {notice}")
    text = commented(made, command())
    if json:
        put_json({"spec": msgspec.to_builtins(made), "toml": text})
    else:
        print(text, end="")
    return FINE
