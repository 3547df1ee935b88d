"""The generated part of a stride: its loss, activations and rule, each from its one formula."""

from typing import Any

from thalweg.descent.sweeping.emitting import RowsText, rule_text
from thalweg.descent.sweeping.tracing import ENTRY, ROW, UNIFORM, Symbol, ordered, symbol, traced
from thalweg.formulas.rules import Rule

Needs = tuple[str, int, int]  # text, how many arrays of entries it keeps, how many lines of a number for each row


def loss_text(loss: Any, dtype: Any, weighted: bool) -> Needs:
    """loss(z, y, weight, n, width, dz, …) -> value, and loss_alone(z, y, weight, n, width, …), without the gradient.

    n and width are the rows and outputs of the whole batch.
    """
    n, width = sizes = symbol("n", UNIFORM, dtype), symbol("width", UNIFORM, dtype)
    z, y, weight = symbol("z", ENTRY, dtype, sizes), symbol("y", ENTRY, dtype, sizes), symbol("weight", ROW, dtype)
    value, dz = traced(lambda: loss.formula(z, y, weight if weighted else None))
    inputs = [z, y, weight, n, width]
    both = RowsText("loss", inputs, [("value", value), ("dz", dz)])
    alone = RowsText("loss_alone", inputs, [("value", value)])
    return both.text() + "\n\n" + alone.text(), len(both.kept), len(both.lines)


def activation_text(name: str, activation: Any, dtype: Any) -> Needs:
    """NAME(a, h, …) and NAME_back(a, h, dh, da, …); the way back knows the h of the way there."""
    a, h, dh = (symbol(each, ENTRY, dtype) for each in ("a", "h", "dh"))
    made, pullback = traced(lambda: activation(a))
    da = traced(lambda: pullback(dh))
    there, back = (
        RowsText(name, [a], [("h", made)]),
        RowsText(f"{name}_back", [a, h, dh], [("da", _given(da, made, h))]),
    )
    kept, lines = (max(len(getattr(each, what)) for each in (there, back)) for what in ("kept", "lines"))
    return there.text() + "\n\n" + back.text(), kept, lines


def _given(root: Symbol, made: Symbol, known: Symbol) -> Symbol:
    """The same expression with `known` wherever `made` stood in it."""
    if not made.args:  # h = a
        return root
    swapped = {id(made): known}
    for one in ordered((root,)):
        if id(one) not in swapped:
            args = tuple(swapped[id(arg)] for arg in one.args)
            swapped[id(one)] = Symbol(one.op, args, one.extent, one.dtype, one.sizes, one.value) if args else one
    return swapped[id(root)]


def update_text(rule: Rule, dtype: Any) -> str:
    """update(w, g, slots, member, begin, end, c) -> ‖Δw‖²."""
    return rule_text(rule_symbols(rule, dtype, 2.0, 0.1, rule.defaults), len(rule.slots))


def rule_symbols(rule: Rule, dtype: Any, t: Any, rate: Any, hyper: Any) -> tuple[Symbol, ...]:
    """The new w and slots, for this t, rate and these hyperparameters: numbers, or (R, 1) one for each member."""
    names = ("w", "g", *(f"s{slot}" for slot in range(len(rule.slots))))
    inputs = [symbol(name, ENTRY, dtype) for name in names]
    return tuple(traced(lambda: rule.formula(*inputs, t, rate, **hyper)))


def numbers_of(found: tuple[Symbol, ...]) -> list[Any]:
    """The constants of a traced rule, in the order in which its text reads them."""
    return [one.value for one in ordered(found) if one.op == "constant"]
