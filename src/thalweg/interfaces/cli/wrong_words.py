"""What a person typed that the parser could not place, in one plain sentence with the nearest word that it knows."""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from cyclopts import exceptions

from thalweg.descent.complaint import expected_one
from thalweg.errors import SpecError
from thalweg.interfaces.cli import COMMANDS, LOUDNESS

OTHER_COMMANDS = {"fit": "train", "run": "train", "list": "runs", "ls": "runs", "query": "sql", "config": "spec"}
OTHER_OPTIONS = {  # what other tools call it
    "--learning-rate": "--lr",
    "--optimizer": "--rule",
    "--optim": "--rule",
    "--epochs": "--steps",
    "--iterations": "--steps",
    "--max-iter": "--steps",
    "--batch": "--batch-size",
    "--bs": "--batch-size",
    "--random-state": "--seed",
    "--layers": "--hidden",
    "--label": "--target",
    "--output-dir": "--out",
    "--output": "--out",
    "--weight-decay": "--set decay=0.01, for rules that have it, or --l2",
    "--momentum": "--rule momentum --set beta=0.9",
}
NEAR = 0.65  # difflib's likeness from which a name was probably meant
OF_THALWEG = ("--help", "--version", "--install-completion", *LOUDNESS)
WHOLE = re.compile(r"[+-]?[0-9][0-9_]*")
KINDS = {float: "a number", int: "a whole number", bool: "yes or no", Path: "a path", str: "text"}


def sentence(error: Exception, words: Sequence[str]) -> str:
    """The parser's error as a person would say it."""
    for kind, told in SENTENCES.items():
        if type(error) is kind:
            return told(error, words)
    error.verbose = False  # type: ignore[attr-defined]  # the long form names our own files
    return f"{' '.join(str(error).split())} See {_command(error, words)} --help."


def require_values(arguments: Iterable[Any]) -> None:
    """Whole numbers are whole, and an option that is given has a value; the parser lets both pass."""
    for argument in arguments:
        kinds = {argument.hint, *get_args(argument.hint)}
        kinds |= {part for kind in kinds for part in get_args(kind)}
        for token in argument.tokens:
            if token.implicit_value == () and not token.value:
                raise SpecError(f"{token.keyword} needs one or more values: {_kind(argument.hint)}")
            whole = not ({int} & kinds) or {float, str} & kinds or WHOLE.fullmatch(token.value)
            if not whole and bool not in kinds:
                said = f"{token.keyword or argument.name.lstrip('-').upper()} is {token.value!r}"
                raise SpecError(f"{said}; expected a whole number{_number_meant(token.value, int)}")


def _command(error: Any, words: Sequence[str]) -> str:
    """`thalweg train`: what was being parsed."""
    chain = [word for word in error.command_chain or () if word in words]
    return " ".join(("thalweg", *(chain or [word for word in words[:1] if word in COMMANDS])))


def _unknown_command(error: Any, words: Sequence[str]) -> str:
    word = error.unused_tokens[0]
    if word.startswith("-"):
        return f"no option {word}{_meant(word, OF_THALWEG)} thalweg --help lists all"
    if word in OTHER_COMMANDS:
        return f"no command {word!r}; did you mean {OTHER_COMMANDS[word]}?"
    if Path(word).is_file():
        return f"no command {word!r}, but a file: write thalweg report {word} --target COLUMN"
    return f"no command {word!r}{_meant(word, COMMANDS)} have {', '.join(COMMANDS)}"


def _unknown_option(error: Any, words: Sequence[str]) -> str:
    word = (error.token.keyword or error.token.value).partition("=")[0]
    command = _command(error, words)
    if command == "thalweg":
        error.unused_tokens = [word]
        return _unknown_command(error, words)
    known = [name for argument in error.argument_collection if argument.parse for name in argument.names]
    said = f"no option {word} in {command}"
    if (other := OTHER_OPTIONS.get(word)) and other.split()[0] in known:
        return f"{said}; here it is {other}"
    name = word.removeprefix("--").replace("-", "_")
    if "--set" in known and name in _settings():
        return f"{said}; say it with --set {name}={_value_of(word, words)}"
    return f"{said}{_meant(word, [*known, *LOUDNESS, '--help'])} {command} --help lists all"


def _value_of(word: str, words: Sequence[str]) -> str:
    """What was to be the value of an option, for the sentence that says it right."""
    for typed, behind in zip(words, [*words[1:], ""], strict=True):
        if typed.startswith(f"{word}="):
            return typed.partition("=")[2]
        if typed == word and behind and not behind.startswith("--"):
            return behind
    return "VALUE"


def _settings() -> set[str]:
    """The fields and hyperparameters that --set reaches."""
    from thalweg.descent.spec import ALL_HYPER
    from thalweg.interfaces.cli.settings import PROBLEMS, fields_of

    return {*ALL_HYPER, *(name for kind in PROBLEMS for name in fields_of(kind))}


def _meant(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=NEAR)
    return f"; did you mean {near[0]}?" if near else ";"


def _unused(error: Any, words: Sequence[str]) -> str:
    command = _command(error, words)
    if near := get_close_matches(words[1] if len(words) > 1 else "", _subcommands(error), n=1):
        return f"no command {command} {words[1]}; did you mean {command} {near[0]}?"
    many = ", ".join(map(repr, error.unused_tokens))
    there = "is a word" if len(error.unused_tokens) == 1 else "are words"
    return f"{many} {there} too many for {command}; put in quotes what belongs together, and see {command} --help"


def _subcommands(error: Any) -> list[str]:
    return [name for name in (error.app._commands if error.app else ()) if not name.startswith("-")]


def _not_convertible(error: Any, words: Sequence[str]) -> str:
    token, wanted = error.token, error.target_type
    if token is None:
        return f"{_name(error)}: expected {_kind(wanted)}"
    said = f"{token.keyword or _name(error)} is {token.value!r}"
    if get_origin(wanted) is Literal:
        return f"{said}; {expected_one(token.value, [str(word) for word in get_args(wanted)])}"
    return f"{said}; expected {_kind(wanted)}{_number_meant(token.value, wanted)}"


def _kind(wanted: Any) -> str:
    """What a type takes, in words; of a tuple what each item is."""
    parts = [wanted, *get_args(wanted)]
    parts += [inner for part in parts for inner in get_args(part)]
    kinds = [KINDS[part] for part in dict.fromkeys(parts) if isinstance(part, type) and part in KINDS]
    return " or ".join(kinds) or "a value"


def _number_meant(text: str, wanted: Any) -> str:
    """A number in another country's writing, or with a fraction where there is none."""
    try:
        value = float(text.replace(",", ".").replace("_", ""))
    except ValueError:
        return ""
    if wanted is int and value == int(value):
        return f"; write {int(value)}"
    return f"; write {value:g}, with a point" if wanted is float else ""


def _missing(error: Any, words: Sequence[str]) -> str:
    if error.keyword or any(token.keyword for token in error.argument.tokens):
        return f"{error.keyword or _name(error)} needs a value: {_kind(error.argument.hint)}"
    command, name = _command(error, words), _name(error)
    told = error.argument.parameter.help or ""
    return f"{command} needs {name}{f': {told.rstrip(chr(46))}' if told else ''}; see {command} --help"


def _name(error: Any) -> str:
    """--lr, or DATA for what has a place."""
    name = str(error.argument.name)
    keywords = [token.keyword for token in error.argument.tokens if token.keyword]
    if keywords:
        return str(keywords[-1])
    return name if error.argument.field_info.kind.name == "KEYWORD_ONLY" else name.lstrip("-").upper()


def _too_few(error: Any, words: Sequence[str]) -> str:
    return f"{error.keyword or _name(error)} needs one or more values: {_kind(error.argument.hint)}"


def _repeated(error: Any, words: Sequence[str]) -> str:
    return f"{error.token.keyword} is given twice; give it once"


def _two_ways(error: Any, words: Sequence[str]) -> str:
    name = _name(error)
    return f"{name} is given twice, by its name and by its place; give it once"


def _order(error: Any, words: Sequence[str]) -> str:
    return f"{error.token!r} comes too late: what it would be is given by name already; give it once"


SENTENCES: dict[type, Callable[[Any, Sequence[str]], str]] = {
    exceptions.UnknownCommandError: _unknown_command,
    exceptions.UnknownOptionError: _unknown_option,
    exceptions.UnusedCliTokensError: _unused,
    exceptions.CoercionError: _not_convertible,
    exceptions.MissingArgumentError: _missing,
    exceptions.ConsumeMultipleError: _too_few,
    exceptions.RepeatArgumentError: _repeated,
    exceptions.MixedArgumentError: _two_ways,
    exceptions.ArgumentOrderError: _order,
}
