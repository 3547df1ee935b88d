"""Laws of the report: every number is in its folder and comes back, nothing a user wrote becomes markup."""

import csv
import html
import json
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from thalweg.descent.folder import load_run
from thalweg.interfaces.cli import FAILED, FINE, WRONG_USE, run
from thalweg.interfaces.report.charts.wording import short

pytestmark = pytest.mark.slow  # a small report takes five seconds
SMALL = ["--budget", "40", "--final-steps", "60", "--seeds", "2", "--rules", "gd", "adam"]
EVIL = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "\"quoted\" & 'single' &amp;",
    "naïve 数据 ❤",
    "\u202eright to left שלום",
    "very long " + "name " * 40 + "end",
    "`backticked` {{ 7 * 7 }} {% x %}",
    "line\nbreak",
)


@pytest.fixture(autouse=True)
def _desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_table(path, columns, rows):
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def small_table(kind, names=("a", "b", "c", "y"), classes=("no", "yes", "maybe"), rows=90):
    """Rows of a problem that can be learned."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(rows, 3))
    score = X @ [1.0, -2.0, 0.5] + 0.3 * rng.normal(size=rows)
    cuts = [0.0] if kind == "binary" else [-1.0, 1.0]
    y = [f"{v:.4f}" for v in score] if kind == "regression" else [classes[i] for i in np.digitize(score, cuts)]
    return names, [[*(f"{v:.5f}" for v in row), label] for row, label in zip(X, y, strict=True)]


def reported(kind, *more, name="mine"):
    write_table("table.csv", *small_table(kind))
    code = run(["report", "table.csv", "--target", "y", "--name", name, *SMALL, *more])
    return code, Path("runs") / name


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A report made once, to be looked at and copied."""
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert reported("binary")[0] == FINE
    return root


@pytest.fixture
def copy(made, tmp_path, monkeypatch):
    """A copy of that report, to be spoiled; the table stays where the spec says it lies."""
    table = made / "table.csv"
    before = table.read_bytes()
    shutil.copytree(made / "runs", tmp_path / "runs")
    yield tmp_path / "runs" / "mine"
    table.write_bytes(before)


def table_of(folder):
    """The rows of table.csv."""
    with (folder / "table.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def leaves(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


# The folder


def test_the_folder_holds_what_was_asked_what_was_found_and_every_run(made):
    folder = made / "runs/mine"
    assert {path.name for path in folder.iterdir()} == {
        "study.toml", "results.json", "table.csv", "table.md", "report.html", "final", "sweep-gd", "sweep-adam",
        "optimizers", "ablations", "schedules", "batches",
    }  # fmt: skip
    kept = {path.parent.relative_to(folder) for path in folder.rglob("checkpoint.safetensors")}
    rows = table_of(folder)
    assert len(rows) == len(kept)
    named = {Path(row["run"]) if row["study"] == "final" else Path(row["study"], row["run"]) for row in rows}
    assert named == kept
    assert (folder / "table.md").read_text().count("\n") == len(rows) + 2
    assert not list(folder.rglob("*.tmp"))


def test_every_run_of_the_folder_can_be_loaded_and_says_what_its_row_says(made):
    folder = made / "runs/mine"
    for row in table_of(folder):
        one = load_run(folder / ("" if row["study"] == "final" else row["study"]) / row["run"])
        assert (one.spec.method.rule, one.spec.method.lr) == (row["rule"], float(row["base_lr"]))
        assert one.best_value == float(row["best_loss"])
        assert one.stopped.sentence == row["notes"]


def test_the_page_shows_the_numbers_of_results_json(made):
    folder = made / "runs/mine"
    page = html.unescape((folder / "report.html").read_text())
    results = json.loads((folder / "results.json").read_text())
    shown = [*results["test"]["measures"].values(), *results["validation"]["measures"].values()]
    shown += [effect["differences"][0] for effect in results["ablation"]["effects"]]
    missing = [v for v in results["test"]["measures"].values() if short(float(v)) not in page]
    assert shown
    assert missing == []
    for part in ("optimizers", "ablation", "schedules", "batches"):
        assert results[part]["sentence"] in page
    for sweep in results["sweeps"]:
        assert sweep["sentence"] in page
    assert results["chosen"]["why"] in page


def test_no_clock_is_in_results_json(made):
    text = (made / "runs/mine/results.json").read_text()
    assert "seconds" not in text


def test_the_page_asks_nothing_of_the_network(made):
    page = (made / "runs/mine/report.html").read_text()
    assert set(re.findall(r"""https?://[^\s"'<>)]+""", page)) <= {"http://www.w3.org/2000/svg"}  # a name, not fetched
    assert "default-src 'none'" in page


def test_people_are_told_what_was_found_and_programs_get_all_of_it(capsys):
    code, folder = reported("binary", "--json")
    out, err = capsys.readouterr()
    told = json.loads(out, parse_constant=pytest.fail)
    assert (code, told["folder"], told["report"]) == (FINE, str(folder), str(folder / "report.html"))
    stored = json.loads((folder / "results.json").read_text())
    assert {name: told[name] for name in stored} == stored
    assert "Accuracy" in err
    assert err.strip().endswith(f"verify  thalweg report --verify {folder}")


# Verification


def test_all_numbers_come_back(copy, capsys):
    assert run(["report", "--verify", str(copy)]) == FINE
    assert re.search(r"verified: all [\d,]+ numbers came back", capsys.readouterr().err)


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_all_numbers_come_back_of_every_task(kind, capsys):
    assert reported(kind)[0] == FINE
    assert run(["report", "--verify", "runs/mine", "--json"]) == FINE
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == []
    kept = [leaf for leaf in leaves(json.loads(Path("runs/mine/results.json").read_text())) if isinstance(leaf, float)]
    assert told["compared"] > len(kept) > 100


@pytest.mark.parametrize(
    "more",
    [
        ["--dtype", "float32"],
        ["--hidden", "8", "--l2", "0.01"],
        ["--hidden", "6", "4", "--batch-norm", "--activation", "tanh"],
        ["--class-weight", "balanced", "--rules", "adamw", "lion"],
        ["--batch-size", "0", "--clip-norm", "0.5"],
        ["--no-standardise", "--batch-size", "7", "--sampling", "replacement"],
    ],
    ids=" ".join,
)
def test_all_numbers_come_back_whatever_was_asked(more, capsys):
    code, folder = reported("binary", *more)
    assert code == FINE
    assert run(["report", "--verify", str(folder)]) == FINE
    assert "numbers came back" in capsys.readouterr().err


def test_a_column_of_weights_counts():
    names, rows = small_table("regression", ("a", "b", "w", "y"))
    rows = [[a, b, abs(float(w)) + 0.1, y] for a, b, w, y in rows]
    write_table("table.csv", names, rows)
    asked = ["report", "table.csv", "--target", "y", *SMALL]
    assert run([*asked, "--weights", "w", "--name", "one"]) == FINE
    assert run([*asked, "--drop", "w", "--name", "two"]) == FINE
    one, two = (json.loads(Path(f"runs/{n}/results.json").read_text()) for n in ("one", "two"))
    assert one["header"]["problem"]["columns"] == two["header"]["problem"]["columns"] == ["a", "b"]
    assert one["test"]["measures"] != two["test"]["measures"]


def spoil_results(folder):
    text = (folder / "results.json").read_text()
    at = text.index('"best_validation"')
    digit = re.compile(r"\d(?=,|\n)").search(text, at).start()
    changed = text[:digit] + str((int(text[digit]) + 1) % 10) + text[digit + 1 :]
    (folder / "results.json").write_text(changed)


def spoil_steps(folder):
    path = folder / "final/steps.bin"
    data = bytearray(path.read_bytes())
    (loss,) = struct.unpack_from("<d", data, 3 * 8)  # column "loss" of the first row
    struct.pack_into("<d", data, 3 * 8, np.nextafter(loss, 9))
    path.write_bytes(data)


def spoil_weights(folder):
    from safetensors.numpy import load_file

    path = next(folder.glob("ablations/*/checkpoint.safetensors"))
    weight = np.ravel(load_file(path)["w"])[0]
    data = path.read_bytes()
    assert data.count(weight.tobytes()) >= 1
    path.write_bytes(data.replace(weight.tobytes(), np.nextafter(weight, 9).tobytes(), 1))


def spoil_metrics(folder):
    path = folder / "final/metrics.jsonl"
    text = path.read_text()
    at = re.compile(r'"train_loss":0\.\d+').search(text).end() - 1
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])


def spoil_table(folder):
    path = folder / "table.csv"
    path.write_text(path.read_text().replace(",constant,", ",cosine,", 1))


@pytest.mark.parametrize("spoil", [spoil_results, spoil_steps, spoil_weights, spoil_metrics, spoil_table])
def test_one_changed_digit_is_found(spoil, copy, capsys):
    spoil(copy)
    assert run(["report", "--verify", str(copy)]) == FAILED
    said = capsys.readouterr().err
    assert re.search(r"\n1 of [\d,]+ numbers differ:\n  .+: stored .+, now .+\n", said), said


def change_data(folder):
    spec = json.loads((folder / "results.json").read_text())["header"]["problem"]
    path = Path(spec["source"])
    path.write_text(path.read_text().replace("no", "yes", 1))


def lose_data(folder):
    Path(json.loads((folder / "results.json").read_text())["header"]["problem"]["source"]).unlink()


def cut_results(folder):
    path = folder / "results.json"
    path.write_text(path.read_text()[:500])


def cut_steps(folder):
    path = folder / "final/steps.bin"
    path.write_bytes(path.read_bytes()[:-8])


def lose_run(folder):
    shutil.rmtree(next(folder.glob("sweep-gd/*-seed0")))


def cut_study(folder):
    (folder / "study.toml").write_text("command = 3")


DAMAGE = {
    change_data: "has changed: its sha256",
    lose_data: "no file",
    cut_results: "is damaged",
    cut_steps: "steps.bin",
    lose_run: "no folder",
    cut_study: "study.toml",
}


@pytest.mark.parametrize(("damage", "says"), DAMAGE.items(), ids=[damage.__name__ for damage in DAMAGE])
def test_damage_is_told_in_a_sentence(damage, says, copy, capsys):
    damage(copy)
    assert run(["report", "--verify", str(copy)]) == WRONG_USE
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("thalweg: ")
    assert says in last


# What users wrote


QUICKEST = ["--budget", "10", "--final-steps", "10", "--seeds", "1", "--rules", "gd"]


def evil_tables():
    """(what is evil, the file's name, its columns, its rows): the last column is the target."""
    rng = np.random.default_rng(2)
    score = rng.normal(size=(160, len(EVIL)))
    features = [[f"{v:.5f}" for v in row] for row in score]
    plain = [f"c{i}" for i in range(len(EVIL))]
    best = score.argmax(1)
    named = [*EVIL[:-1], "one", "y"]  # a line break in a column's name is refused
    yield "columns", "t.csv", named, [[*row, int(k < 4)] for row, k in zip(features, best, strict=True)]
    yield "classes", "t.csv", [*plain, "y"], [[*row, EVIL[k]] for row, k in zip(features, best, strict=True)]
    for evil in (EVIL[0], EVIL[1], EVIL[2], EVIL[4], EVIL[5], EVIL[7]):
        rows = [[*row, ("no", evil)[int(k < 4)]] for row, k in zip(features, best, strict=True)]
        if "\n" not in evil:
            yield "the target", "t.csv", [*plain, evil], rows
        file = f"{evil.replace('/', chr(0x2215))[:60].strip()}.csv"
        yield "the file", file, [*plain, "y"], [[*row[:-1], int(k < 4)] for row, k in zip(rows, best, strict=True)]


def test_nothing_that_a_user_named_becomes_markup(capsys):
    for number, (what, file, columns, rows) in enumerate(evil_tables()):
        write_table(file, columns, rows)
        asked = ["report", f"./{file}", f"--target={columns[-1]}", "--name", f"r{number}", *QUICKEST]
        assert run(asked) == FINE, (what, file, capsys.readouterr().err)
        folder = Path("runs") / f"r{number}"
        page = (folder / "report.html").read_text()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert page.count("<script") == page.count("</script>")
        seen = " ".join(html.unescape(re.sub(r"</?code>", "`", page)).split())
        named = {"columns": EVIL[:-1], "classes": EVIL, "the target": columns[-1:], "the file": ()}[what]
        assert [name for name in named if " ".join(name.split())[:8] not in seen] == []
        json.loads((folder / "results.json").read_text())
        assert {len(row) for row in table_of(folder)} == {len(table_of(folder)[0])}
        capsys.readouterr()


def test_the_page_of_the_default_set_stays_under_half_a_megabyte():
    assert run(["report", "--name", "mine"]) == FINE
    assert len(Path("runs/mine/report.html").read_bytes()) <= 500_000
