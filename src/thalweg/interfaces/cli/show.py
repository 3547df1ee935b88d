"""thalweg show: a run, or anything that has a name."""

from pathlib import Path
from typing import Any

import msgspec

from thalweg.descent.method_section import known_hyper
from thalweg.descent.run_summary import RECORDING, Summary, settings_of, summarise
from thalweg.descent.spec import Spec
from thalweg.errors import FolderError, UnknownName
from thalweg.evidence.run_index import find_runs, study_of
from thalweg.interfaces.cli import FINE
from thalweg.interfaces.cli.ambient import runs_root
from thalweg.interfaces.cli.catalogue import KINDS, Entry, entries, kind_of, named
from thalweg.interfaces.cli.runs import duration
from thalweg.interfaces.cli.say import Json, put_json, say
from thalweg.interfaces.cli.show_kernel import show_kernel
from thalweg.interfaces.cli.tables_out import plain, shown

FILES = {
    "spec.toml": "the settings; thalweg train runs them again",
    "header.json": "what made the run: versions, machine, data, notices",
    "metrics.jsonl": "a line for each evaluation",
    "steps.bin": "a row of float64 for each update",
    "steps.parquet": "the same as a table",
    "checkpoint.safetensors": "parameters and all that is needed to go on",
    RECORDING: "the columns of the steps, and how it ended",
    "report.html": "the page",
}


def show(*thing: str, json: Json = False) -> int:
    """Show a run folder, or what a name stands for: a rule, loss, activation, schedule, initializer, surface, …

    Example: thalweg show adam

    thalweg show rules lists a registry, thalweg show alone all of them. thalweg show kernel adam prints the code
    that a rule is compiled from.

    Parameters
    ----------
    thing
        A run folder or its name, a name such as adam, mse, cosine, rosenbrock or batch_size, or a registry.
    json
        Print the same as JSON on stdout.
    """
    if not thing:
        return show_kinds(json)
    if thing[0] in ("kernel", "kernels"):
        return show_kernel(thing[1:], json)
    name = " ".join(thing)
    return show_name(name, folder_of(name), json)


def show_name(thing: str, folder: Path | None, json: bool) -> int:
    """A registry, a name, or a folder where nothing else has its name."""
    if kind := kind_of(thing) if folder is None or "/" not in thing else "":
        return show_kind(kind, json)
    try:
        found = named(thing) if "/" not in thing else []
    except UnknownName as error:
        if folder is None:
            raise UnknownName(near_run(thing, str(error))) from None
        found = []
    if found:
        if folder is not None:
            say(f"note: there is a folder {folder}, too; thalweg show ./{folder} shows it")
        return show_entries(found, json)
    if folder is None:
        raise FolderError(f"no folder {thing}; name a run folder, or see thalweg show")
    return show_folder(folder, json)


def folder_of(thing: str) -> Path | None:
    """The folder of this path, or of this name in the folder of all runs."""
    places = (Path(thing).expanduser(), runs_root() / thing)
    return next((place for place in places if place.is_dir()), None)


def near_run(thing: str, said: str) -> str:
    """The sentence for a name that nothing has, with the nearest run where none of ours is near."""
    from difflib import get_close_matches

    root = runs_root()
    if "did you mean" in said or not root.is_dir():
        return said if "did you mean" in said else f"{said}; thalweg show lists all names"
    near = get_close_matches(thing, [one.name for one in find_runs(root)], n=1)
    return f"{said}; did you mean {near[0]}?" if near else f"{said}; thalweg show and thalweg runs list all"


def show_kinds(json: bool) -> int:
    """Every registry with its names."""
    if json:
        put_json({kind: names() for kind, (names, _) in KINDS.items()})
        return FINE
    for kind, (names, _) in KINDS.items():
        print(f"{kind:<13} {', '.join(names())}")
    return FINE


def show_kind(kind: str, json: bool) -> int:
    """A registry, one line each."""
    found = entries(kind)
    if json:
        put_json({kind: [as_plain(entry) for entry in found]})
        return FINE
    width = max(len(entry.name) for entry in found)
    for entry in found:
        print(f"{entry.name:<{width}}  {entry.line}")
    return FINE


def as_plain(entry: Entry) -> Any:
    """An entry as JSON has it."""
    return plain(msgspec.to_builtins(entry, enc_hook=str))


def show_entries(found: list[Entry], json: bool) -> int:
    """Docstring, settings and source of each."""
    if json:
        put_json({"entries": [as_plain(entry) for entry in found]})
        return FINE
    for i, entry in enumerate(found):
        print("\n" * bool(i) + f"{entry.name}: {'an' if entry.kind[0] in 'aeiou' else 'a'} {entry.kind}\n")
        print(entry.doc.strip())
        if entry.facts:
            print()
        for name, value in entry.facts.items():
            print(f"  {name:<14} {shown(value)}")
        if entry.source:
            print(f"\n{entry.source.rstrip()}")
        if entry.use:
            print(f"\nUse: {entry.use}")
    return FINE


def show_folder(folder: Path, json: bool) -> int:
    """A run, a recording or a study."""
    summary = summarise(folder)
    if summary.kind == "broken" and (folder / "study.toml").is_file():
        return show_study(folder, json)
    if summary.kind == "broken":
        inside = find_runs(folder)
        if any(one.summary and one.summary.kind != "broken" for one in inside):
            raise FolderError(f"{folder} is no run, but has {len(inside)} inside; thalweg runs {folder} lists them")
        raise FolderError(f"{folder} {summary.why}")
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}
    about = {
        "folder": str(folder),
        "kind": summary.kind,
        "stopped": summary.stopped,
        "why": summary.why,
        "steps": summary.t,
        "seconds": summary.last.get("seconds"),
        "finished": summary.finished,
        "settings": changed_settings(summary),
        "best": dict(summary.best),
        "last": dict(summary.last),
        "notices": notices(summary),
        "files": files,
    }
    if json:
        put_json(plain(about))
    else:
        tell(about)
    return FINE


def changed_settings(summary: Summary) -> dict[str, Any]:
    """What is not the default of a Spec; of a recording all that its loop said."""
    if summary.kind != "run":
        return dict(summary.settings)
    spec = Spec.from_toml(summary.spec, str(summary.folder / "checkpoint"))
    usual = settings_of(msgspec.to_builtins(Spec(problem=type(spec.problem)()))) | known_hyper(spec.method.rule)
    return {name: value for name, value in summary.settings.items() if usual.get(name, "") != value}


def notices(summary: Summary) -> list[str]:
    """What was done to the data, as the header has it."""
    problem = summary.header.get("problem")
    found = problem.get("notices", []) if isinstance(problem, dict) else []
    return [str(notice) for notice in found]


def tell(about: dict[str, Any]) -> None:
    """A run for people."""
    when = f"{about['finished']:%Y-%m-%d %H:%M}" if about["finished"] else ""
    took = f", {duration(about['seconds'])}" if about["seconds"] is not None else ""
    print(f"{about['folder']}: a {about['kind']}{' run' if about['kind'] == 'recorded' else ''}, {when}{took}")
    print(f"It {about['why']}.\n" if about["why"] else "")
    print("what its loop said" if about["kind"] == "recorded" else "settings that are not the default")
    for name, value in about["settings"].items():
        print(f"  {name:<20} {shown(value, 60)}")
    for title in ("best", "last"):
        measures = {k: v for k, v in about[title].items() if k not in ("t", "epoch", "samples", "seconds", "lr")}
        if measures:
            said = ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in measures.items())
            print(f"\n{title}, at step {about[title].get('t')}: {said}")
    for notice in about["notices"]:
        print(f"\nnote: {notice}")
    print("\nfiles")
    for name, size in about["files"].items():
        print(f"  {name:<24} {size:>12,} bytes  {FILES.get(name, '')}".rstrip())


def show_study(folder: Path, json: bool) -> int:
    """A study: why it was made, and the run that stands for it."""
    import tomllib

    found = study_of(str(folder), folder)
    try:
        note = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8")).get("note", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FolderError(f"{folder / 'study.toml'} cannot be read: {error}") from None
    if json:
        put_json(plain({**found.row, "note": note}))
        return FINE
    print(f"{folder}: a {found.title} of {found.members} runs" + (f"; {found.strange}" if found.strange else ""))
    for name, text in note.items():
        print(f"  {name.replace('_', ' '):<12} {text}")
    if found.summary and found.summary.kind != "broken":
        row = found.row
        which = "Its final run" if found.summary.folder.name == "final" else "The run with the lowest loss"
        setting = f"{row['rule']} at lr {shown(row['lr'])}, {row['measure']} {shown(row['best_loss'])}"
        print(f"\n{which}: {found.summary.folder}, {setting}")
    print(f"\nthalweg runs {folder} lists its runs.")
    return FINE
