"""--show-config: every value, and who said so, instead of the work."""

from typing import Any

import msgspec

from thalweg.interfaces.cli.ambient import ARGUMENTS
from thalweg.interfaces.cli.say import put_json
from thalweg.interfaces.cli.settings import DEFAULT, FLAG, SECTIONS, Settled

NOT_SETTINGS = ("data", "json", "show_config", "set", "trust", "resume", "verify", "name")


def show_config(settled: Settled, json: bool) -> None:
    """The settings on stdout."""
    if json:
        put_json({"spec": spec_values(settled), "options": options()})
    else:
        print(as_text(settled))


def spec_values(settled: Settled) -> dict[str, dict[str, dict[str, Any]]]:
    """{section: {field: {value, from}}}; what stands outside the sections is under the empty name."""
    plain = msgspec.to_builtins(settled.spec)
    kind = plain["problem"].pop("kind")
    sections: dict[str, Any] = {"": {k: v for k, v in plain.items() if k not in (*SECTIONS, "problem")}}
    sections[f"problem, a {kind}"] = plain["problem"]
    sections |= {section: plain[section] for section in SECTIONS}
    hyper = sections["method"].pop("hyper")
    sections["method"] |= hyper
    return {
        section: {name: {"value": value, "from": settled.origins.get(name, DEFAULT)} for name, value in fields.items()}
        for section, fields in sections.items()
    }


def options() -> dict[str, dict[str, Any]]:
    """The command's other options with their values as they were typed, and who said so."""
    found: dict[str, dict[str, Any]] = {}
    for argument in ARGUMENTS.get():
        name = argument.name.removeprefix("--").replace("-", "_")
        if not argument.name.startswith("--") or name in NOT_SETTINGS or _of_a_spec(argument):
            continue
        words = [token.value for token in argument.tokens]
        source = (
            {"": DEFAULT, "cli": FLAG}.get(argument.tokens[0].source, argument.tokens[0].source) if words else DEFAULT
        )
        found[name] = {"value": " ".join(words) if words else _typed(argument.field_info.default), "from": source}
    return found


def _of_a_spec(argument: Any) -> bool:
    """Is it a field of a group of flags, which spec_values shows?"""
    return len(argument.keys) > 0 or bool(argument.children)


def _typed(value: Any) -> Any:
    if isinstance(value, tuple):
        return " ".join(str(item) for item in value)
    return value if isinstance(value, bool | int | float) or value is None else str(value)


def as_text(settled: Settled) -> str:
    """A line for each value, those that were decided marked by who decided."""
    lines = []
    sections: dict[str, dict[str, dict[str, Any]]] = {**spec_values(settled), "options of the command": options()}
    for section, fields in sections.items():
        lines += ["", f"[{section}]"] if section else []
        for name, said in fields.items():
            origin = "" if said["from"] == DEFAULT else f"  {said['from']}"
            lines.append(f"  {name:<20} {_shown(said['value']):<24}{origin}".rstrip())
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "open"
    return msgspec.json.encode(value).decode()
