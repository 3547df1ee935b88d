"""The compiled update is the formula: every bit of parameters and memory, whatever the rule, dtype, size or layout."""

import stat
import sys
from dataclasses import replace

import numpy as np
import pytest

from thalweg.descent.compiled import fused, kernel
from thalweg.descent.compiled.kernel import NotCompiled, kernel_of
from thalweg.descent.compiled.kernel_files import cache_folder, imported
from thalweg.descent.compiled.translate import NotTranslatable, translated
from thalweg.descent.compiled.update_source import update_source
from thalweg.descent.optimizer import Optimizer
from thalweg.errors import FolderError
from thalweg.formulas.rules import RULES, as_rule
from thalweg.problems.layout import Layout
from thalweg.problems.objective import ALL

pytest.importorskip("numba")

QUICK = {("adam", "float64")}
CASES = [
    pytest.param(name, dtype, marks=() if (name, dtype) in QUICK else pytest.mark.slow)
    for name in RULES
    for dtype in ("float64", "float32")
]
LAYOUT = Layout({"W1": (7, 9), "W2": (9, 2)}, {"b1": (9,), "b2": (2,)})
GROUPS = {"W2": {"lr_scale": 0.3}, "b*": {"lr_scale": 2.0}}


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    """Kernels for the smallest buffers, too."""
    monkeypatch.setattr(fused, "SMALLEST", 1)


def without(monkeypatch):
    """As if Numba were not installed."""
    monkeypatch.setattr(fused, "SMALLEST", 10**12)


class Given:
    """An objective with gradients of its own choosing, some huge, some tiny, some zero; `spoilt` are (t, member)."""

    def __init__(self, layout, runs, dtype, spoilt=()):
        self.layout, self.size, self.examples, self.convex = layout, layout.size, 1, False
        self.runs, self.dtype, self.spoilt, self.t = runs, dtype, dict(spoilt), 0

    def value_and_grad(self, w, rows=ALL):
        rng = np.random.default_rng(self.t)
        grad = rng.normal(size=(self.runs, self.size)) * 10.0 ** rng.integers(-6, 4, size=(self.runs, self.size))
        grad[:, ::5] = 0.0
        if self.t in self.spoilt:
            grad[self.spoilt[self.t], 3] = np.nan
        self.t += 1
        return np.ones(self.runs, self.dtype), grad.astype(self.dtype)

    def members(self, keep):
        return self


def path(optimizer, layout, runs, dtype, steps=5, lr=1e-2, **spoilt):
    """State and Steps after some updates."""
    objective = Given(layout, runs, dtype, **spoilt)
    state = optimizer.start(np.random.default_rng(5).normal(size=(runs, layout.size)).astype(dtype))
    with np.errstate(all="ignore"):
        steps = [optimizer.advance(objective, state, ALL, np.broadcast_to(lr, (runs,))) for _ in range(steps)]
    return state, steps


def same_bits(one, other):
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def both(monkeypatch, make, *args, **kwargs):
    """(state, Steps) in compiled code and in NumPy."""
    compiled = path(make(), *args, **kwargs)
    without(monkeypatch)
    return compiled, path(make(), *args, **kwargs)


def require_the_same(compiled, plain):
    (state, steps), (expected, theirs) = compiled, plain
    assert same_bits(state.w, expected.w)
    assert same_bits(state.slots, expected.slots)
    assert state.t == expected.t
    for step, other in zip(steps, theirs, strict=True):
        for name in ("grad", "update", "param"):
            np.testing.assert_allclose(getattr(step, f"{name}_norm"), getattr(other, f"{name}_norm"), rtol=1e-12)
            np.testing.assert_allclose(getattr(step, f"{name}_norms"), getattr(other, f"{name}_norms"), rtol=1e-12)
        assert (step.finite == other.finite).all()


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_a_compiled_update_has_the_bits_of_its_formula_for_any_size_and_layout(name, dtype, monkeypatch):
    assert kernel_of(RULES[name], dtype) is not None
    layouts = [LAYOUT, *(Layout({"w": (size,)}, {}) for size in (1, 2, 7, 8, 33, 1000))]
    for layout in layouts:
        for groups in (None, GROUPS) if layout is LAYOUT else (None,):
            optimizer = Optimizer.named(name).on(layout, groups)
            with monkeypatch.context() as patch:
                require_the_same(*both(patch, lambda chosen=optimizer: replace(chosen), layout, 1, dtype))


@pytest.mark.parametrize("name", ["adam", pytest.param("nadam", marks=pytest.mark.slow)])
def test_the_formula_keeps_its_order_where_the_measuring_update_is_compiled_first(name):
    # as when the other is found in the cache: what Numba compiles anew takes on its first caller's flags
    fresh: dict = {}
    exec(update_source(translated(RULES[name])).replace(", cache=True", ""), fresh)  # noqa: S102 (our own text)
    known = kernel_of(RULES[name], "float32")
    rng = np.random.default_rng(3)
    w, g, *slots = rng.normal(size=(2 + len(RULES[name].slots), 1, 200)).astype(np.float32)
    slots = np.abs(np.array(slots))
    constants = rng.uniform(0.1, 0.9, (1, 1, len(known.translation.constants))).astype(np.float32)
    edges, group = np.array([0, 200]), np.zeros(1, int)
    expected = w.copy(), slots.copy()
    known.update(expected[0], g, expected[1], constants, edges, group)
    fresh["advance"](w, g, slots, constants, edges, group, np.ones(1, bool), np.empty((1, 2, 3)))
    assert same_bits(w, expected[0])
    assert same_bits(slots, expected[1])


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_members_with_rates_and_hyperparameters_of_their_own_have_the_bits_of_the_formula(name, dtype, monkeypatch):
    lr = np.array([1e-3, 1e-2, 0.1])
    hyper = {key: np.array([0.5, 0.9, 0.99]) for key in RULES[name].defaults if key.startswith(("beta", "rho"))}

    def make():
        return Optimizer.named(name, **hyper).on(LAYOUT, GROUPS)

    require_the_same(*both(monkeypatch, make, LAYOUT, 3, dtype, lr=lr))


def test_a_gradient_that_is_not_finite_makes_no_update_and_leaves_the_others_alone(monkeypatch):
    def make():
        return Optimizer.named("adam").on(LAYOUT)

    compiled, plain = both(monkeypatch, make, LAYOUT, 3, "float64", spoilt={2: 1, 3: [0, 1, 2]})
    require_the_same(compiled, plain)
    assert [step.finite.tolist() for step in compiled[1][2:4]] == [[True, False, True], [False] * 3]


def test_clipping_is_the_same_with_and_without_a_kernel(monkeypatch):
    def make():
        optimizer = Optimizer.named("adam").on(LAYOUT)
        return Optimizer(optimizer.rule, clip_norm=0.5, clip_value=0.2, blocks=optimizer.blocks)

    require_the_same(*both(monkeypatch, make, LAYOUT, 2, "float64"))


def test_an_update_by_hand_takes_arrays_of_any_kind(monkeypatch):
    rng = np.random.default_rng(0)
    grad = rng.normal(size=(2, 40)).astype("float32")
    odd = [grad.astype("float64"), grad, np.asfortranarray(grad)]
    found = []
    for patched in (False, True):
        if patched:
            without(monkeypatch)
        for given in odd:
            method = Optimizer.named("adam")
            state = method.start(np.ones((2, 40)))
            method.step(state, given.copy(order="K"), 0.1)
            method.step(state, given.copy(order="K"), np.array([0.1, 0.2]))
            found.append(state.w)
    for one, other in zip(found[:3], found[3:], strict=True):
        assert same_bits(one, other)


@pytest.mark.slow
def test_a_rule_of_ones_own_is_compiled_the_same_way(monkeypatch):
    def cautious(w, g, m, t, lr=0.1, beta=0.9, top=0.5):
        """A rule with most of what can be compiled."""
        beta_t = beta * (1 - 0.5 / t)
        m = beta_t * m + (1 - beta_t) * g
        beta_t = 2 * beta_t
        step = np.where(m * g > 0, m, m / 3) + abs(g) ** 2 * np.sign(-m) * beta_t
        return w - lr * np.minimum(step, top), m

    rule = as_rule(cautious)
    assert kernel_of(rule, "float64") is not None
    require_the_same(*both(monkeypatch, lambda: Optimizer(rule).on(LAYOUT), LAYOUT, 2, "float64"))


def test_a_rule_that_cannot_be_compiled_runs_in_numpy_with_a_notice(monkeypatch):
    def bounded(w, g, t, lr=0.1):
        """Not to be compiled: the last bits of tanh are a library's own."""
        return (w - lr * np.tanh(g),)

    rule = as_rule(bounded)
    with pytest.warns(NotCompiled, match=r"rule bounded is not compiled but runs in NumPy: it calls np\.tanh"):
        compiled = path(Optimizer(rule).on(LAYOUT), LAYOUT, 1, "float64")
    without(monkeypatch)
    require_the_same(compiled, path(Optimizer(rule).on(LAYOUT), LAYOUT, 1, "float64"))


SCALE = 0.5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("step = lr * g\n    step *= 2\n    return (w - step,)", "is no assignment"),
        ("return (w - lr * np.tanh(g),)", "calls np.tanh"),
        ("return (w - lr * g ** 3,)", "no equal"),
        ("if t > 1: lr = 1.0\n    return (w - lr * g,)", "is no assignment"),
        ("return (w - lr * (g > 0),)", "no equal"),
    ],
)
def test_what_cannot_be_compiled_is_said(text, why, tmp_path):
    file = tmp_path / "own_rule.py"
    file.write_text(f"import numpy as np\n\ndef own(w, g, t, lr=0.1):\n    {text}\n")
    namespace: dict = {"__name__": "own_rule"}
    exec(compile(file.read_text(), str(file), "exec"), namespace)  # noqa: S102 - a rule in a file of its own
    with pytest.raises(NotTranslatable, match=why):
        translated(as_rule(namespace["own"]))


def test_a_rule_without_readable_source_is_refused():
    namespace: dict = {}
    exec("def own(w, g, t, lr=0.1):\n    return (w - lr * g,)", namespace)  # noqa: S102 - there is no file
    with pytest.raises(NotTranslatable, match="source cannot be read"):
        translated(as_rule(namespace["own"]))


def test_a_file_that_was_changed_after_it_was_imported_is_not_compiled(tmp_path):
    file = tmp_path / "edited_rule.py"
    file.write_text("def own(w, g, t, lr=0.1):\n    return (w - lr * g,)\n")
    namespace: dict = {"__name__": "edited_rule"}
    exec(compile(file.read_text(), str(file), "exec"), namespace)  # noqa: S102 - a rule in a file of its own
    rule = as_rule(namespace["own"])
    file.write_text("def own(w, g, t, lr=0.1):\n    return (w + lr * g,)\n")
    with pytest.raises(NotTranslatable, match="has changed"):
        translated(rule)


def test_without_numba_the_same_run_is_made(monkeypatch):
    with_numba = path(Optimizer.named("adam").on(LAYOUT), LAYOUT, 2, "float64")
    monkeypatch.setattr(kernel, "numba_is_here", lambda: False)
    kernel.kernel_of.cache_clear()
    try:
        require_the_same(with_numba, path(Optimizer.named("adam").on(LAYOUT), LAYOUT, 2, "float64"))
    finally:
        kernel.kernel_of.cache_clear()


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_kernels_lie_in_a_folder_of_the_users_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    text = update_source(translated(RULES["gd"])) + f"# {tmp_path}\n"
    module = imported("gd", text)
    file = next(cache_folder().glob("gd_*.py"))
    assert (file.read_text(), module.__file__) == (text, str(file))
    assert stat.S_IMODE(cache_folder().stat().st_mode) == 0o700
    cache_folder().chmod(0o777)
    imported("gd", text + "\n")
    assert stat.S_IMODE(cache_folder().stat().st_mode) == 0o700
    assert len(list(cache_folder().glob("gd_*.py"))) == 2


def test_a_cache_that_cannot_be_made_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(FolderError, match="cannot make"):
        imported("gd", "# nothing\n")


@pytest.mark.parametrize("name", RULES)
def test_a_kernel_is_readable_and_says_where_it_is_from(name):
    text = update_source(translated(RULES[name]))
    compile(text, name, "exec")
    assert RULES[name].doc.splitlines()[0] in text
    assert max(map(len, text.splitlines())) <= 160
