"""Source text from traced formulas: loops over rows for losses and activations, over weights for rules."""

from collections.abc import Callable, Sequence

import numpy as np

from thalweg.descent.sweeping.tracing import ENTRY, LOGICAL, ROW, TOTAL, UNIFORM, Symbol, Untraceable, ordered

Name = Callable[[Symbol], str]
FOLDS = ("sum", "max")  # over the outputs of one row
FORMS = {
    "neg": "-{0}",
    "abs": "abs({0})",
    "sqrt": "np.sqrt({0})",
    "square": "{0} * {0}",
    "larger": "larger({0}, {1})",
    "smaller": "smaller({0}, {1})",
    "where": "{1} if {0} else {2}",
    "sign": "(ONE if {0} > ZERO else (-ONE if {0} < ZERO else ZERO))",
    **{op: f"{{0}} {op} {{1}}" for op in ("+", "-", "*", "/", *LOGICAL)},
}


def expression(one: Symbol, name: Name) -> str:
    """One operation in Numba's Python. A truth that is reckoned with is 1 or 0."""
    asked = one.op == "where"
    args = [f"({name(a)})" if a.op in LOGICAL and asked else _number(a, name(a)) for a in one.args]
    if one.op in FORMS:
        return FORMS[one.op].format(*args)
    return f"{one.op}{np.dtype(one.dtype).itemsize * 8}({args[0]})"


def _number(one: Symbol, text: str) -> str:
    return f"(ONE if {text} else ZERO)" if one.op in LOGICAL else text


def literal(one: Symbol) -> str:
    """A number written in the dtype of the arrays: in another it would cost four times as much."""
    if isinstance(one.value, np.ndarray) and one.value.ndim:
        raise Untraceable("an array stands in the formula")
    text = (
        f"np.{float(one.value)!r}".replace("-inf", "-np.inf") if not np.isfinite(one.value) else repr(float(one.value))
    )
    return f"np.float32({text})" if np.dtype(one.dtype) == np.float32 else text


def rule_text(outputs: Sequence[Symbol], slots: int) -> str:
    """The function that updates one span of one member's weights and slots, and returns ‖Δw‖²."""
    every = ordered(tuple(outputs))
    constants = [one for one in every if one.op == "constant"]
    names = {id(one): f"c{i}" for i, one in enumerate(constants)}
    names |= {id(one): f"{one.op}_[i]" for one in every if not one.args and one.op != "constant"}
    lines = ["@compiled", "def update(w, g, slots, member, begin, end, c):"]
    lines += ["    w_, g_ = w[member, begin:end], g[begin:end]"]
    lines += [f"    s{s}_ = slots[{s}, member, begin:end]" for s in range(slots)]
    lines += [f"    c{i} = c[{i}]" for i in range(len(constants))]
    lines += ["    total = 0.0", "    for i in range(end - begin):"]
    for i, one in enumerate(one for one in every if one.args):
        names[id(one)] = f"v{i}"
        lines.append(f"        v{i} = {expression(one, lambda a: names[id(a)])}")
    new = [names[id(one)] for one in outputs]
    lines += [f"        moved = np.float64({new[0]} - w_[i])", "        total += moved * moved"]
    lines += [f"        {target}_[i] = {value}" for target, value in zip(_targets(slots), new, strict=True)]
    return "\n".join([*lines, "    return total"]) + "\n"


def _targets(slots: int) -> list[str]:
    return ["w", *(f"s{s}" for s in range(slots))]


class RowsText:
    """The text of a function on the rows of a batch, for one member.

    Its arrays are flat: entry (k, i) of output k and row i lies at k · stride + i. The formula is cut into stages
    where it needs a maximum or a sum over the outputs; values for each row lie in `lines`, entries that a later
    stage needs in `kept`. The function returns the sum over the batch, if the formula has one.
    """

    def __init__(self, name: str, inputs: Sequence[Symbol], outputs: Sequence[tuple[str, Symbol]]):
        self.name, self.inputs, self.outputs = name, inputs, outputs
        self.every = ordered(tuple(one for _, one in outputs))
        self.number = {id(one): i for i, one in enumerate(self.every)}
        self.stage: dict[int, int] = {}
        for one in self.every:
            self.stage[id(one)] = max((self.stage[id(a)] + (a.op in FOLDS) for a in one.args), default=0)
        self.now = 0
        self.lines = [id(one) for one in self.every if one.extent == ROW and one.args]
        self.kept = [id(one) for one in self.every if self._outlives(one)]

    def _outlives(self, one: Symbol) -> bool:
        """Is it an entry made in one stage and needed in a later one?"""
        users = (user for user in self.every if any(arg is one for arg in user.args))
        made = bool(one.args) and one.extent == ENTRY
        return made and any(self.stage[id(user)] > self.stage[id(one)] for user in users)

    def _name(self, one: Symbol) -> str:  # noqa: PLR0911 — one line for each kind of value
        """How the stage that is being written calls a value."""
        if one.op == "constant":
            return literal(one)
        if one.extent == UNIFORM:
            return one.op if not one.args else f"u{self.number[id(one)]}"
        if one.extent == TOTAL:
            return f"t{self.number[id(one)]}"
        if not one.args:
            return f"{one.op}_[i]"
        if one.extent == ROW:
            return f"r{self.lines.index(id(one))}_[i]"
        if self.stage[id(one)] < self.now:
            return f"e{self.kept.index(id(one))}_[i]"
        return f"v{self.number[id(one)]}"

    def text(self) -> str:
        arrays = [one.op for one in self.inputs]
        targets = [name for name, one in self.outputs if one.extent == ENTRY]
        lines = [
            "@compiled",
            f"def {self.name}({', '.join([*arrays, *targets, 'kept', 'lines', 'K', 'B', 'stride'])}):",
        ]
        uniform = [one for one in self.every if one.extent == UNIFORM and one.args]
        lines += [f"    {self._name(one)} = {expression(one, self._name)}" for one in uniform]
        lines += [f"    r{i}_ = lines[{i} * stride : {i} * stride + B]" for i in range(len(self.lines))]
        lines += [f"    {one.op}_ = {one.op}" for one in self.inputs if one.extent == ROW]
        lines += [f"    {self._name(one)} = ZERO" for one in self.every if one.op == "total"]
        for now in range(max(self.stage.values(), default=0) + 1):
            self.now = now
            lines += self._by_row() + self._by_entry()
        scaled = [one for one in self.every if one.extent == TOTAL and one.op != "total"]
        lines += [f"    {self._name(one)} = {expression(one, self._name)}" for one in scaled]
        sums = [self._name(one) for _, one in self.outputs if one.extent == TOTAL]
        return "\n".join([*lines, f"    return {sums[0] if sums else 'ZERO'}"]) + "\n"

    def _of_this_stage(self, extent: int) -> list[Symbol]:
        return [one for one in self.every if self.stage[id(one)] == self.now and one.extent == extent and one.args]

    def _by_row(self) -> list[str]:
        """One loop over the rows: values for each row, sums of them, and the start of each fold."""
        body = []
        for one in self._of_this_stage(ROW):
            start = {"sum": "ZERO", "max": "-INF"}.get(one.op)
            body.append(f"{self._name(one)} = {start or expression(one, self._name)}")
        body += self._totals(ROW)
        return ["    for i in range(B):", *(f"        {line}" for line in body)] if body else []

    def _totals(self, extent: int) -> list[str]:
        totals = [one for one in self._of_this_stage(TOTAL) if one.op == "total" and one.args[0].extent == extent]
        return [f"{self._name(one)} += {_number(one.args[0], self._name(one.args[0]))}" for one in totals]

    def _by_entry(self) -> list[str]:
        """A loop over outputs and rows: entries, folds and sums of them, and what is handed out."""
        body = []
        for one in self._of_this_stage(ENTRY):
            body.append(f"{self._name(one)} = {expression(one, self._name)}")
            if id(one) in self.kept:
                body.append(f"e{self.kept.index(id(one))}_[i] = {self._name(one)}")
        for one in self._of_this_stage(ROW):
            held, value = self._name(one), self._name(one.args[0])
            if one.op in FOLDS:
                body.append(f"{held} = " + (f"{held} + {value}" if one.op == "sum" else f"larger({held}, {value})"))
        body += self._totals(ENTRY)
        here = [(name, one) for name, one in self.outputs if one.extent == ENTRY and self.stage[id(one)] == self.now]
        body += [f"{name}_[i] = {self._name(one)}" for name, one in here]
        return self._loop(body) if body else []

    def _loop(self, body: list[str]) -> list[str]:
        text = "\n".join(body)
        names = [one.op for one in self.inputs if one.extent == ENTRY] + [name for name, _ in self.outputs]
        views = [
            f"{name}_ = {name}[k * stride : k * stride + B]" for name in dict.fromkeys(names) if f"{name}_[i]" in text
        ]
        views += [
            f"e{i}_ = kept[({i} * K + k) * stride : ({i} * K + k) * stride + B]"
            for i in range(len(self.kept))
            if f"e{i}_[i]" in text
        ]
        inner = ["        for i in range(B):", *(f"            {line}" for line in body)]
        return ["    for k in range(K):", *(f"        {view}" for view in views), *inner]
