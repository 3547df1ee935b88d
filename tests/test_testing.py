"""The conformance suite passes what keeps the laws and names what breaks them."""

import doctest

import numpy as np
import pytest

from thalweg import testing
from thalweg.formulas.activations import ACTIVATIONS
from thalweg.formulas.losses import LOSSES
from thalweg.formulas.rules import RULES, Rule
from thalweg.formulas.surfaces import SURFACES
from thalweg.problems.examples import Examples
from thalweg.problems.fit import Fit
from thalweg.problems.layout import Layout
from thalweg.problems.linear import Linear
from thalweg.problems.mlp import MLP
from thalweg.problems.objective import OnSurface, UserObjective
from thalweg.testing import check_objective, check_rule


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_registered_rule_keeps_the_laws(rule):
    check_rule(rule)


def sourceless(w, g, t, lr=0.1):
    """w ← w − η g."""
    return (w - lr * g,)


def normed(w, g, t, lr=0.1):
    """w ← w − η g / ‖g‖. (Nobody 1999)"""
    return (w - lr * g / np.linalg.norm(g),)


def averaged(w, g, t, lr=0.1):
    """w ← w − η (g − mean g) past the third step. (Nobody 1999)"""
    return (w - lr * (g - (g.mean(-1, keepdims=True) if t > 2.5 else 0 * g)),)


def drifting(w, g, t, lr=0.1):
    """w ← w − η (g + 1). (Nobody 1999)"""
    return (w - lr * (g + 1),)


def widening(w, g, t, lr=0.1):
    """w ← w − η g in float64. (Nobody 1999)"""
    return (w - np.float64(lr) * g.astype(np.float64),)


def writing(w, g, t, lr=0.1):
    """w −= η g. (Nobody 1999)"""
    w = np.asarray(w)
    w[...] = w - lr * g
    return (w,)


def growing(w, g, t, lr=0.1, decay=0.0):
    """w ← w − η (g − decay·w). (Nobody 1999)"""
    return (w - lr * (g - decay * w),)


def clocked(w, g, t, lr=0.1):
    """w ← w − η (g + what Python's global generator says). (Nobody 1999)"""
    return (w - lr * g * np.random.random(),)


MEMORY = []


def remembering(w, g, t, lr=0.1):
    """w ← w − η g, and counts its calls. (Nobody 1999)"""
    MEMORY.append(t)
    return (w - lr * g,)


def bare(formula, slots=()):
    """A Rule of a formula that @rule itself would refuse."""
    return Rule(formula, formula.__name__, slots, 0.1, {}, formula.__doc__)


def stuck_slot(w, g, v, t, lr=0.1):
    """Forgets to return v. (Nobody 1999)"""
    return (w - lr * g,)


def short_slot(w, g, v, t, lr=0.1):
    """Returns one number for all of v. (Nobody 1999)"""
    return w - lr * g, np.sum(v)


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (sourceless, "names no source"),
        (normed, "mixes weights"),
        (averaged, "mixes weights"),
        (drifting, "moves w at t=1 though gradient and slots are zero"),
        (widening, "from float32 into float64"),
        (bare(writing), "changes w in place"),
        (growing, "does not bring weights nearer to 0"),
        (bare(clocked), "another update for the same inputs|mixes weights"),
        (remembering, "reads 'MEMORY', a list from outside"),
        (stuck_slot, r"must return \(w, v\)"),
        (bare(stuck_slot, ("v",)), r"must return \(w, v\)"),
        (bare(short_slot, ("v",)), r"returns v of shape \(\) for w of shape"),
        (lambda g, w, t, lr: (w,), "expected \\(w, g, \\*slots, t, lr"),
    ],
    ids=lambda part: getattr(part, "__name__", getattr(part, "name", "")),
)
def test_a_rule_that_breaks_a_law_is_told_which_one(rule, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_rule(rule)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=lambda surface: surface.name)
def test_every_surface_is_a_lawful_objective(surface):
    check_objective(OnSurface(surface))


def examples(loss, rows=12, weights=False, seed=0):
    """Rows for a loss, with targets of its task."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    y = {
        "regression": rng.normal(size=(rows, 2)),
        "binary": rng.integers(0, 2, (rows, 1)).astype(float),
        "multiclass": np.eye(3)[rng.integers(0, 3, rows)],
    }[loss.task]
    weight = rng.uniform(0.5, 1.5, rows) if weights else None
    return Examples(X, y, None if weight is None else weight / weight.mean())


LINK = {"probabilities": {"binary": "sigmoid", "multiclass": "softmax"}}


@pytest.mark.few(3)
@pytest.mark.parametrize("weights", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_every_loss_makes_a_lawful_objective(loss, weights):
    data = examples(loss, weights=weights)
    output = LINK.get(loss.takes, {}).get(loss.task, "linear")
    k = data.y.shape[1]
    check_objective(Fit(MLP((4, 3, k), activation="tanh", output=output), loss, {"train": data}, l2=0.1))
    if output == "linear":
        check_objective(Fit(Linear(4, k), loss, {"train": data}, l2=0.1))
        check_objective(Fit(Linear(4, k, ones=True), loss, {"train": data}))


@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "batch norm"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_makes_a_lawful_objective(activation, batch_norm):
    loss = LOSSES["half_mse"]
    model = MLP((4, 5, 2), activation=activation, batch_norm=batch_norm)
    check_objective(Fit(model, loss, {"train": examples(loss)}, l2=0.1), seed=3)


def squares(w):
    return (w * w).sum(), 2 * w


class Kept:
    """An objective on vectors of three that breaks one law, by the method that is replaced."""

    layout, size, examples, convex = Layout({"w": (3,)}, {}), 3, 1, False

    def __init__(self, **broken):
        for name, method in broken.items():
            setattr(self, name, method)

    def value_and_grad(self, w, rows=slice(None)):
        return (w * w).sum(-1), 2 * w

    def evaluate(self, w, split="train"):
        return {"loss": (w * w).sum(-1)}

    def hessian(self, w, rows=slice(None)):
        return 2 * np.eye(3)

    def members(self, keep):
        return self


def in_place(w, rows=None):
    w *= 1.5
    return (w * w).sum(-1), 2 * w


RNG = np.random.default_rng(0)


def noisy(w, rows=None):
    return (w * w).sum(-1) + RNG.random(), 2 * w


BUFFER = np.zeros((3, 3))


def reusing(w, rows=None):
    out = BUFFER if w.ndim > 1 else BUFFER[0]
    out[...] = 2 * w
    return (w * w).sum(-1), out


def mixing(w, rows=None):
    return (w * w).sum(-1), 2 * w + 0.5 * (w.mean(0) if w.ndim > 1 else 0 * w)


def flat_list(w, rows=None):
    return (w * w).sum(), 2 * w


def cusp(w, rows=None):
    return -(w * w).sum(-1), -2 * w


def shifty(w, split="train"):
    w += 1
    return {"loss": (w * w).sum(-1)}


@pytest.mark.parametrize(
    ("objective", "complaint"),
    [
        (UserObjective(lambda w: ((w * w).sum(), w), 3), "not the slope of the loss: in coordinate 0"),
        (UserObjective(lambda w: ((w * w).sum(), -2 * w), 3), "not the slope of the loss"),
        (UserObjective(lambda w: ((w * w).sum(), 2 * w * [1, 1, 0.99]), 3), "in coordinate 2"),
        (UserObjective(lambda w: (np.log(w).sum(), 1 / w), 3), "not finite; hand over `points`"),
        (UserObjective(squares, 3, named=Layout({"w": (4,)}, {})), "names 4 parameters, but size is 3"),
        (Kept(value_and_grad=in_place), "changes w in place"),
        (Kept(value_and_grad=noisy), "another loss or gradient"),
        (Kept(value_and_grad=reusing), "a later call changes|member 0"),
        (Kept(value_and_grad=mixing), "member 0 of a population"),
        (Kept(value_and_grad=flat_list), r"the loss of w \(3, 3\) has shape \(\); expected \(3,\)"),
        (Kept(value_and_grad=cusp, hessian=lambda w: -2 * np.eye(3), convex=True), "has the eigenvalue -2"),
        (Kept(hessian=lambda w: np.eye(3), convex=True), "not the slope of the gradient"),
        (Kept(hessian=lambda w: np.eye(2), convex=True), r"the Hessian has shape \(2, 2\)"),
        (Kept(evaluate=shifty), "evaluate changes w in place"),
        (Kept(evaluate=lambda w, split: {"error": 1.0}), "measures by name, {'loss'"),
        (Kept(evaluate=lambda w, split: {"loss": 1.0}), "measure 'loss' of w"),
        (Kept(members=lambda keep: UserObjective(lambda w: (0.0, 0 * w), 3)), "changes a member's loss"),
        (Kept(size=4), "names 3 parameters, but size is 4"),
        (Kept(examples=0), "examples is 0"),
    ],
    ids=lambda part: part.replace(" ", "-") if isinstance(part, str) else "",
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_objective_that_breaks_a_law_is_told_which_one(objective, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_objective(objective)


def test_an_objective_that_makes_no_sense_around_zero_is_checked_at_points_of_ones_own():
    logs = UserObjective(lambda w: (np.log(w).sum(), 1 / w), 3)
    check_objective(logs, points=np.array([[1.0, 2.0, 3.0], [0.5, 5.0, 2.0]]))


def test_the_examples_in_the_suites_docstrings_hold():
    assert doctest.testmod(testing).failed == 0
