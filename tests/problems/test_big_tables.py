"""Laws of streamed tables: they are the tables that fit in memory, read from the disk."""

import os
import shutil
import signal
import subprocess
import sys
import time

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.descent.batches import Batches
from thalweg.descent.folder import Writer, load_run
from thalweg.descent.prediction import load_fitted, rows_to_predict
from thalweg.descent.spec import Spec
from thalweg.descent.train import begin, finish, resolved, train, train_all
from thalweg.errors import DataError, SpecError
from thalweg.problems.big import cache, reading
from thalweg.problems.big import problem as big
from thalweg.problems.big.evaluate import whole_measures
from thalweg.problems.big.file import RowFile
from thalweg.problems.big.stream import Stream
from thalweg.problems.blocks import BlockOrder
from thalweg.problems.build import build
from thalweg.problems.sections import Table

orders = st.builds(BlockOrder, st.integers(1, 90), st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**63 - 1))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Converted tables in a folder of the test, and nothing remembered of another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    big._without_penalty.cache_clear()
    big.forget()
    return tmp_path / "cache" / "thalweg" / "tables"


def table(folder, rows=400, name="t.csv", seed=0):
    """Numbers with gaps, a category, dates and weights; classes in y and three of them in kind."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, rows)).round(4)
    y = (x - z + rng.normal(size=rows) > 0).astype(int)
    lines = ["x,z,color,day,w,kind,y"]
    for i in range(rows):
        gap = "" if rng.random() < 0.1 else x[i]
        day = f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}"
        kind = "abc"[int(rng.integers(3)) if rng.random() < 0.5 else int(z[i] > 0)]
        lines.append(f"{gap},{z[i]},{'rgb'[i % 3]},{day},{1 + i % 4},{kind},{y[i]}")
    (folder / name).write_text("\n".join(lines) + "\n")
    return str(folder / name)


def spec_of(source, target="y", **changes):
    """Small blocks, so that a batch often takes rows of two buffers."""
    usual = {"rule": "adam", "batch_size": 7, "steps": 60, "block_rows": 4, "buffer_blocks": 5, "sampling": "blocks"}
    return Spec(problem=Table(source=source, target=target, validation=0.1, test=0.1)).but(**usual | changes)


@settings(max_examples=150, deadline=None)
@given(orders, st.integers(0, 5))
def test_an_epoch_of_blocks_visits_every_row_once(order, epoch):
    assert sorted(order.epoch(epoch).tolist()) == list(range(order.examples))


@settings(max_examples=60, deadline=None)
@given(orders, st.integers(0, 5))
def test_rows_of_a_block_come_within_one_buffer(order, epoch):
    rows = order.epoch(epoch)
    buffer_of = np.searchsorted(order.starts(order.shuffled(epoch)), np.arange(order.examples), "right")
    for block in range(order.blocks):
        assert len(set(buffer_of[rows // order.block_rows == block])) == 1


@settings(max_examples=60, deadline=None)
@given(orders, st.integers(0, 5))
def test_one_buffer_of_all_blocks_is_a_full_permutation_and_orders_differ_by_epoch_and_seed(order, epoch):
    whole = BlockOrder(order.examples, order.block_rows, order.blocks, order.seed)
    inside = whole.inside(epoch, 0, whole.examples)
    assert np.array_equal(whole.epoch(epoch), inside)
    if order.examples > 30:
        assert not np.array_equal(order.epoch(epoch), order.epoch(epoch + 1))


def file_of(folder, rows, dtype="float32"):
    """A file in which row i holds i."""
    X = np.arange(3 * rows, dtype=dtype).reshape(rows, 3)
    for name, array in (("X", X), ("y", np.arange(rows, dtype=dtype)), ("weight", np.arange(rows, dtype=dtype))):
        array.tofile(folder / name)
    return RowFile(folder, dtype, (3, 1, 1)), X


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(orders, st.data())
def test_the_buffer_holds_any_batch_of_any_epoch_asked_for_in_any_order(tmp_path_factory, order, data):
    file, X = file_of(tmp_path_factory.mktemp("rows"), order.examples)
    stream = Stream(file, (order.examples, 0, 0))
    largest = min(order.examples, order.block_rows * order.buffer_blocks)
    for _ in range(6):
        epoch = data.draw(st.integers(0, 2))
        size = data.draw(st.integers(1, max(1, largest // 2)))
        at = data.draw(st.integers(0, order.examples - size))
        if data.draw(st.booleans()):
            rows, bounds = stream.several(order, epoch, at, order.examples, size)
            assert (np.diff(bounds) > 0).all()
            assert set(np.diff(bounds)[:-1]) <= {size}
        else:
            rows = stream.rows(order, epoch, at, at + size)
        expected = order.epoch(epoch)[at : at + len(rows)]
        found = stream.buffer.some(rows)
        assert np.array_equal(found.X, X[expected])
        assert np.array_equal(found.y[:, 0], expected)
        assert np.array_equal(found.weight, expected)


CASES = [
    ("y", {}),
    ("y", {"dtype": "float32", "class_weight": "balanced"}),
    ("kind", {"class_weight": "balanced", "weights": "w", "drop": ("color",)}),
    ("z", {"dtype": "float32", "weights": "w", "train_rows": 300}),
    ("kind", {"model": "mlp", "hidden": (3,), "batch_norm": True}),
    ("y", {"bias": "ones", "time": "day", "missing": "drop"}),
    ("y", {"group": "w", "last_batch": "drop", "standardise": False, "validation": 0.0}),
]


@pytest.mark.few(2)
@pytest.mark.parametrize(("target", "changes"), CASES)
def test_a_streamed_run_is_the_run_in_memory_to_the_last_bit(tmp_path, monkeypatch, target, changes):
    monkeypatch.setattr(reading, "PIECE", 0)
    spec = spec_of(table(tmp_path), target, **changes)
    held, streamed = train(spec), train(spec.but(stream=True))
    assert streamed.spec == held.spec.but(stream=True)
    assert np.array_equal(streamed.w, held.w)
    clock = {"seconds"}
    for one, other in zip(streamed.evaluations, held.evaluations, strict=True):
        assert {k: v for k, v in one.items() if k not in clock} == {k: v for k, v in other.items() if k not in clock}
    assert streamed.problem.notices == held.problem.notices
    assert streamed.problem.table.preparation == held.problem.table.preparation
    for mine, theirs in (("scaler", "scaler"), ("target_scaler", "target_scaler")):
        found, expected = getattr(streamed.problem, mine), getattr(held.problem, theirs)
        assert (found is None) == (expected is None)
        if found:
            assert np.array_equal(found.mean, expected.mean)
            assert np.array_equal(found.scale, expected.scale)
    assert streamed.problem.counts == held.problem.counts
    stored = RowFile(
        *big.converted(streamed.spec.problem, spec.dtype)[:1], spec.dtype, streamed.problem.objective.stream.file.widths
    )
    begin_ = 0
    for part, count in held.problem.counts.items():
        if count:
            expected = held.problem.objective.splits[part]
            found = stored.piece(begin_, begin_ + count)
            assert np.array_equal(found.X, expected.X)
            assert np.array_equal(found.y, expected.y)
            assert expected.weight is None or np.array_equal(found.weight, expected.weight)
        begin_ += count


@pytest.mark.slow
def test_a_streamed_run_goes_on_at_any_step_as_if_it_had_never_stopped(tmp_path):
    spec = spec_of(table(tmp_path), stream=True, steps=130)
    whole = train(spec)
    for t in (1, 2, 45, 46, 47, 101, 129):
        half = train(spec, until=t)
        assert half.state.t == t
        big._without_penalty.cache_clear()
        assert np.array_equal(train(spec, resume=half).w, whole.w)


@pytest.mark.slow
def test_a_run_folder_of_a_streamed_table_is_resumed_and_predicts(tmp_path):
    source = table(tmp_path)
    spec = spec_of(source, stream=True)
    (folder := tmp_path / "run").mkdir()
    population = begin(spec)
    (writer := Writer(folder)).begin(population)
    writer.end(finish(population, until=31))
    done = finish(begin(load_run(folder).spec, resume=load_run(folder)))
    assert np.array_equal(done.w, train(spec).w)
    values, _ = load_fitted(folder).predict(rows_to_predict(source, load_fitted(folder)))
    held = train(spec.but(stream=False), until=31)
    assert np.array_equal(values, held.predict(source))


@pytest.mark.few(1)
@pytest.mark.parametrize(("target", "changes"), CASES)
def test_the_measures_of_a_whole_part_do_not_depend_on_the_piece(tmp_path, monkeypatch, target, changes):
    run = train(
        spec_of(table(tmp_path), target, stream=True, steps=20, **{k: v for k, v in changes.items() if k != "steps"})
    )
    held = train(run.spec.but(stream=False))
    for part in ("train", "test"):
        expected = held.problem.objective.evaluate(held.w, part)
        found = whole_measures(run.problem.objective, run.w, part)
        assert found.keys() == expected.keys()
        for name, value in found.items():
            assert value == pytest.approx(float(expected[name]), rel=1e-5 if run.spec.dtype == "float32" else 1e-12)


def test_runs_of_one_seed_share_a_buffer_and_runs_of_several_do_not_disturb_each_other(tmp_path):
    spec = spec_of(table(tmp_path), stream=True)
    specs = [spec.but(lr=0.01), spec.but(lr=0.1), spec.but(seed=3, lr=0.1)]
    for run, alone in zip(train_all(specs), specs, strict=True):
        assert np.allclose(run.w, train(alone).w, rtol=1e-12)


@pytest.mark.slow
def test_a_converted_table_is_used_again_and_never_for_other_bytes_rows_or_settings(tmp_path, own_cache, monkeypatch):
    made = []
    monkeypatch.setattr(big, "convert", lambda *a, real=big.convert: (made.append(1), real(*a))[1])
    source = table(tmp_path)

    def conversions(spec):
        big._without_penalty.cache_clear()
        before = len(made)
        build(resolved(spec).problem, spec.dtype)
        return len(made) - before

    spec = spec_of(source, stream=True)
    assert conversions(spec) == 1
    for same in (spec, spec.but(l2=0.1), spec.but(model="mlp", hidden=(4,)), resolved(spec), spec.but(seed=4)):
        assert conversions(same) == 0
    for other in (spec.but(dtype="float32"), spec.but(split_seed=1), spec.but(standardise=False), spec.but(levels=2)):
        assert conversions(other) == 1
    folder, _about = big.converted(resolved(spec).problem, "float64")
    data = bytearray((folder / "X").read_bytes())
    kept = (folder / "X").stat()
    data[100] ^= 1
    (folder / "X").write_bytes(data)
    os.utime(folder / "X", ns=(kept.st_atime_ns, kept.st_mtime_ns))  # as if nobody had written
    assert conversions(spec) == 1
    (folder / "about.json").write_bytes((folder / "about.json").read_bytes().replace(b'"train', b'"brain'))
    (folder / "about.json").write_bytes((folder / "about.json").read_bytes()[:-9])
    assert conversions(spec) == 1
    table(tmp_path, seed=1)
    assert conversions(spec) == 1
    assert oct(own_cache.stat().st_mode)[-3:] == oct(folder.stat().st_mode)[-3:] == "700"


def test_a_changed_file_is_refused_by_a_spec_that_knows_its_hash(tmp_path):
    source = table(tmp_path)
    spec = resolved(spec_of(source, stream=True))
    table(tmp_path, seed=1)
    with pytest.raises(DataError, match="has changed: its sha256"):
        resolved(spec)


def test_a_conversion_that_fails_leaves_nothing_and_the_next_one_clears_what_a_dead_program_left(tmp_path, own_cache):
    source = table(tmp_path)
    spec = resolved(spec_of(source, stream=True))
    before = sorted(own_cache.iterdir())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thalweg.problems.big.convert.write_signed", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        big._without_penalty.cache_clear()
        shutil.rmtree(big.converted(spec.problem, "float64")[0], ignore_errors=True) if False else None
        with pytest.raises(KeyboardInterrupt):
            build(spec.problem, "float32")
    assert sorted(own_cache.iterdir()) == before
    dead = own_cache / cache.mark().replace(str(os.getpid()), "999999999")
    (dead / "rows").mkdir(parents=True)
    build(spec.problem, "float32")
    assert not dead.exists()


@pytest.mark.kill
def test_a_conversion_that_is_killed_leaves_nothing_half_written(tmp_path, own_cache):
    source = table(tmp_path, rows=120_000)
    code = (
        "import sys; from thalweg.descent.spec import Spec; from thalweg.descent.train import resolved\n"
        "from thalweg.problems.sections import Table; from thalweg.problems.big import reading; reading.PIECE = 0\n"
        "resolved(Spec(problem=Table(source=sys.argv[1], target='y', stream=True)).but(batch_size=8))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, source], env=os.environ.copy())
    while child.poll() is None and not (own_cache.is_dir() and any(own_cache.glob(".*/X"))):
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not [path for path in own_cache.iterdir() if path.is_dir() and not path.name.startswith(".")]
    run = train(spec_of(source, stream=True, steps=3))
    assert run.state.t == 3
    assert not list(own_cache.glob(".*"))


def test_a_full_disk_is_said_in_a_sentence_and_nothing_stays(tmp_path, own_cache, monkeypatch):
    spec = spec_of(table(tmp_path), stream=True)

    def full(file, array):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("thalweg.problems.big.convert.write_all", full)
    with pytest.raises(DataError, match=r"the disk is full: the converted table needs 0\.00 GB in .*; make room"):
        resolved(spec)
    assert not [path for path in own_cache.iterdir() if path.is_dir()]


WRONG = [
    ({"batch_size": 0}, "batch_size 0 means all rows at every step; say --batch-size 64"),
    ({"sampling": "frozen"}, "leave out sampling, or say --sampling blocks"),
    ({"rule": "newton"}, "newton needs all rows at every step"),
    ({"batch_size": 21}, "batch_size 21 is over the 20 rows of the buffer"),
    ({"block_rows": 10**8}, "is a buffer of .* GB; the limit is .*: use fewer"),
    ({"test_file": "t.csv"}, "leave out test_file"),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_what_cannot_be_streamed_is_refused_with_what_to_do(tmp_path, changes, sentence):
    with pytest.raises((SpecError, DataError), match=sentence):
        resolved(spec_of(table(tmp_path), stream=True, **changes))


def test_data_in_memory_are_not_streamed_and_a_reshuffled_streamed_run_becomes_one_in_blocks(tmp_path):
    with pytest.raises(DataError, match="data in memory are there already; leave out stream"):
        resolved(Spec(problem=Table.of([[1.0, 2.0], [3.0, 4.0]], [0, 1], stream=True)).but(batch_size=1))
    spec = resolved(spec_of(table(tmp_path), stream=True, sampling="reshuffled", block_rows=0))
    assert spec.batch.sampling == "blocks"
    assert (
        spec.batch.block_rows == 1 << (131072 // build(spec.problem).objective.stream.file.row_bytes).bit_length() - 1
    )
    assert resolved(spec) == spec


@pytest.mark.slow
def test_a_table_over_the_limit_is_refused_with_stream_as_a_way_out_and_streamed_is_trained_on(tmp_path, monkeypatch):
    monkeypatch.setenv("THALWEG_MEMORY", "0.25")
    path = tmp_path / "tall.parquet"
    columns = ", ".join(f"random() AS x{i}" for i in range(20))
    duckdb.sql(f"SELECT {columns}, i % 2 AS y FROM range(200000) r(i)").write_parquet(str(path))  # noqa: S608
    spec = spec_of(str(path), steps=3, block_rows=0, buffer_blocks=16)
    with pytest.raises(DataError, match=r"limit is 0\.25 GB: train from the disk with --stream, take a sample"):
        resolved(spec)
    run = train(spec.but(stream=True))
    assert run.problem.counts["train"] == 160_000


def test_blocks_in_memory_are_a_sampling_like_any_other(tmp_path):
    batches = Batches(50, 7, "blocks", seed=5, blocks=(4, 3))
    assert np.array_equal(np.concatenate([batches(t) for t in range(8, 16)]), BlockOrder(50, 4, 3, 5).epoch(1))
    assert np.array_equal(batches(11), Batches(50, 7, "blocks", seed=5, blocks=(4, 3))(11))
