"""thalweg completion: the script that makes a shell complete commands, options and their choices.

The script is written once and does not call thalweg: completing costs no start of Python.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from thalweg.descent.files import plain_errors, write_whole
from thalweg.errors import SpecError
from thalweg.interfaces.cli import FINE, application
from thalweg.interfaces.cli.say import Json, put_json, say

ZSH_PLACE = re.compile(r"^( +'[0-9*]:(?![^']*(?::_files|->[a-z]+)')[^']*)' \\$", re.MULTILINE)  # without an action
Shell = Literal["bash", "zsh", "fish"]
PLACES: dict[
    str, tuple[str, str, str]
] = {  # shell: variable of its folder, else this below one's home, name of the file
    "bash": ("XDG_DATA_HOME", ".local/share", "bash-completion/completions/thalweg"),
    "zsh": ("ZDOTDIR", "", ".zfunc/_thalweg"),
    "fish": ("XDG_CONFIG_HOME", ".config", "fish/completions/thalweg.fish"),
}
THEN = {
    "bash": "bash-completion loads it in new shells; without that package, add to ~/.bashrc:  source {path}",
    "zsh": "add to ~/.zshrc, if it is not there:  fpath=({folder} $fpath); autoload -Uz compinit && compinit",
    "fish": "new shells have it",
}


def completion(
    shell: Shell | None = None,
    *,
    install: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> int:
    """Print the script that completes thalweg's commands, options and choices in a shell.

    Example: thalweg completion bash --install

    To try it: source <(thalweg completion bash), or in fish: thalweg completion fish | source

    Parameters
    ----------
    shell
        bash, zsh or fish; the one you use unless given.
    install
        Write the script where the shell looks for it, instead of printing it.
    json
        Print the script, or where it went, as JSON on stdout.
    """
    chosen = shell or own_shell()
    script = script_for(chosen)
    path = place_of(chosen) if install else None
    if path is not None:
        with plain_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, script.encode())
        say(f"completion for {chosen} is in {path}\n{THEN[chosen].format(path=path, folder=path.parent)}")
    if json:
        put_json({"shell": chosen, "script": script, "path": str(path) if path else None})
    elif path is None:
        print(script, end="")
    return FINE


def own_shell() -> str:
    """The shell that is named in the environment."""
    name = Path(os.environ.get("SHELL", "")).name
    if name not in PLACES:
        came = f"your shell is {name!r}" if name else "no SHELL is set"
        raise SpecError(f"{came}; say which to complete in: thalweg completion bash, zsh or fish")
    return name


def place_of(shell: str) -> Path:
    """Where the shell looks for completions of one's own."""
    variable, below, name = PLACES[shell]
    return Path(os.environ.get(variable) or Path.home() / below) / name


def script_for(shell: str) -> str:
    """The script, made from the commands' own signatures; where it knows no better, files are offered."""
    app = application()
    app.config = ()
    text: str = app.generate_completion(shell=shell)
    if shell == "bash":
        text = text.replace("complete -F _thalweg thalweg", "complete -o default -F _thalweg thalweg")
    if shell == "zsh":
        text = ZSH_PLACE.sub(r"\1:_files' \\", text)
    return text if text.endswith("\n") else f"{text}\n"
