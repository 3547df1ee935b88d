"""A verdict in words that a learner understands: what was seen, which line is wrong, and what stands there instead."""

import re
from collections.abc import Sequence

from thalweg.evidence.own_optimizer.case import Trace
from thalweg.evidence.own_optimizer.catalogue.forms import told
from thalweg.evidence.own_optimizer.catalogue.lines import Form, Line
from thalweg.evidence.own_optimizer.fingerprint import Verdict
from thalweg.evidence.own_optimizer.laws.finding import Finding
from thalweg.evidence.own_optimizer.probes import Difference, first_difference
from thalweg.evidence.own_optimizer.suspects import Suspect
from thalweg.formulas.rules import RULES


def source(rule: str) -> str:
    """Where the rule is from: author, year, section.

    >>> source("adam")
    'Kingma & Ba 2015, algorithm 1'
    """
    found = re.findall(r"\(([^()]*\b\d{4}\b[^()]*)\)", RULES.named(rule).doc)
    return found[0] if found else ""


def finding(verdict: Verdict, traces: Sequence[Trace], rule: str, line: int | None) -> Finding | None:
    """The mistake that the verdict names, or None where it accepts."""
    if verdict.form is not None:
        return None
    if verdict.suspects:
        return _named(verdict, traces, rule, line)
    if verdict.other is not None:
        return _another(verdict, rule, line)
    if verdict.factor != 1.0:
        return _times(verdict, rule, line)
    return _unnamed(verdict, rule)


def _named(verdict: Verdict, traces: Sequence[Trace], rule: str, line: int | None) -> Finding:
    first = verdict.suspects[0]
    title = first.title
    titles = [suspect.title for suspect in verdict.suspects[1:]]
    others = [one for one in titles if not title.startswith(one) and not one.startswith(title)]
    if others:
        title = f"{title}; or, which comes to the same numbers: {'; or: '.join(others)}"
    also = f", so that it is {verdict.other.rule}" if verdict.other else ""
    yours, right = _lines(first)
    seen = _seen(first.right, traces)
    sentence = f"{title}{also}. {_instead(yours, right, rule)}{seen}"
    return Finding(first.title, sentence, line, yours, right)


def _lines(suspect: Suspect) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines as they act and as they should be."""
    yours, right = [], []
    for line, proper in suspect.changed:
        yours.append(told(line))
        if proper is not None:
            right.append(told(proper))
    begins = [(name, text) for name, text in suspect.form.start.items() if suspect.right.start.get(name) != text]
    for name, text in begins:
        yours.append(f"{name} = {text} at the beginning")
        right.append(f"{name} = {suspect.right.start.get(name, '0')} at the beginning")
    return tuple(yours), tuple(right)


def _instead(yours: Sequence[str], right: Sequence[str], rule: str) -> str:
    mine, proper = " and ".join(f"`{text}`" for text in yours), " and ".join(f"`{text}`" for text in right)
    if not proper:
        return f"It moves exactly as {rule} does with one more line, {mine}. Leave that out."
    if len(yours) > len(right) and right:
        return f"It moves exactly as if {rule} had {mine}. Write {proper} alone."
    return f"It moves exactly as if {rule} had {mine}. Write {proper}."


def _seen(right: Form, traces: Sequence[Trace]) -> str:
    """The numbers by which it shows first."""
    difference = difference_from(right, traces)
    return f" Seen: {difference}." if difference else ""


def difference_from(form: Form, traces: Sequence[Trace]) -> Difference | None:
    """Where the learner's path leaves that of a form first."""
    for trace in traces:
        theirs = form.path(trace.settings.choices[0], trace.probe.w, trace.probe.slope)
        if difference := first_difference(trace.path, [next(theirs) for _ in trace.path], trace.probe.w):
            return difference
    return None


def _another(verdict: Verdict, rule: str, line: int | None) -> Finding:
    """It is another rule, exactly."""
    assert verdict.other is not None  # noqa: S101 - for the type checker
    assert verdict.right is not None  # noqa: S101 - for the type checker
    other, nearest = verdict.other, verdict.right
    title = f"this is {other.rule}, not {rule}"
    form = f", {other.title}," if other.title else ""
    missing = LACKS.get((rule, other.rule), "")
    yours, right = _texts(other), _texts(nearest)
    rule_lines = ", ".join(f"`{text}`" for text in right)
    sentence = (
        f"{title}: it moves exactly as {other.rule}{form} does. {missing}"
        f"{rule} is: {rule_lines} ({source(rule)}). Seen: {verdict.difference}."
    )
    return Finding(title, sentence, line, yours, right)


LACKS = {
    ("nesterov", "momentum"): "The look-ahead is missing, or its gradient is taken at w, or the old v is looked up "
    "after v was changed in place. ",
    ("nesterov", "gd"): "The velocity is missing. ",
    ("momentum", "gd"): "The velocity is missing. ",
    ("momentum", "nesterov"): "It looks ahead. ",
    ("rmsprop", "adagrad"): "rho is missing: the squares add up and never fade. ",
    ("adagrad", "rmsprop"): "The squares fade instead of adding up. ",
    ("adam", "amsgrad"): "It keeps the largest v so far. ",
    ("amsgrad", "adam"): "The largest v so far is not kept. ",
    ("adam", "adamw"): "It decays the weights. ",
    ("adamw", "adam"): "The weight decay is missing. ",
    ("adam", "nadam"): "It looks ahead in the first moment. ",
}


def _texts(form: Form) -> tuple[str, ...]:
    return tuple(told(line) for line in form.lines if not _given(line))


def _given(line: Line) -> bool:
    return line.text in ("g = grad(w)", "t = k")


def _times(verdict: Verdict, rule: str, line: int | None) -> Finding:
    assert verdict.right is not None  # noqa: S101 - for the type checker
    if verdict.factor < 0:
        title = f"the step goes uphill: it is {verdict.factor:.6g} times what it should be"
    else:
        title = f"every step is {verdict.factor:.6g} times what it should be"
    right = (told(verdict.right.lines[-1]),)
    sentence = f"{title}, in each weight, with these hyperparameters and with others alike. Write `{right[0]}`."
    return Finding(title, sentence, line, (), right)


def _unnamed(verdict: Verdict, rule: str) -> Finding:
    """No name: where the path leaves the right one, and nothing more."""
    assert verdict.difference is not None  # noqa: S101 - for the type checker
    assert verdict.right is not None  # noqa: S101 - for the type checker
    form = f", {verdict.right.title}" if verdict.right.title else ""
    right = _texts(verdict.right)
    lines = ", ".join(f"`{text}`" for text in right)
    right_so_far = verdict.difference.step - 1
    steps = "step is" if right_so_far == 1 else f"{right_so_far} steps are"
    same = f"The first {steps} right; " if right_so_far else "S"
    seen = str(verdict.difference) if right_so_far else str(verdict.difference)[1:]
    sentence = (
        f"it is not {rule}, and no single mistake that is known here explains it. {same}{seen} "
        f"(compared with {rule}{form}: {lines}; {source(rule)})"
    )
    return Finding("differs", f"{sentence}.", None, (), right)
