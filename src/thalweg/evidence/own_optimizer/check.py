"""Is a learner's own optimizer the rule it is meant to be? If not, what is the mistake?"""

import contextlib
import inspect
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from thalweg.errors import SpecError, ThalwegError
from thalweg.evidence.own_optimizer.case import Case, case_of
from thalweg.evidence.own_optimizer.catalogue.forms import accepted
from thalweg.evidence.own_optimizer.diagnosis import diagnosed, diagnosed_gently, diagnosed_second
from thalweg.evidence.own_optimizer.explain import source
from thalweg.evidence.own_optimizer.fingerprint import Verdict
from thalweg.evidence.own_optimizer.laws import calling, memory, parameters
from thalweg.evidence.own_optimizer.laws.finding import Finding
from thalweg.evidence.own_optimizer.naming import other_rule, rule_by_name
from thalweg.evidence.own_optimizer.reading.hyper import unusual_defaults
from thalweg.evidence.own_optimizer.reading.names import hyper_roles
from thalweg.evidence.own_optimizer.reading.roles import call_roles, made_roles, parameters_of
from thalweg.evidence.own_optimizer.reading.slate import Slate
from thalweg.evidence.own_optimizer.reading.trial import Broken, Reading, file_of, last_line, quiet, read, told
from thalweg.formulas.rules import RULES

FIRST = (memory.repeats, calling.moves)  # where these fail, nothing else can be said
LAWS = (
    calling.keeps_settings,
    memory.starts_anew,
    calling.answers_once,
    calling.leaves_gradients,
    calling.keeps_no_gradient,
    parameters.are_found_by_name,
    calling.keeps_shapes,
    calling.keeps_float64,
    memory.can_be_saved,
    memory.can_be_reset,
    calling.survives_zero,
)


@dataclass(frozen=True)
class OptimizerCheck:
    """What the check of an optimizer found. `findings` are mistakes; `remarks` are worth knowing and no mistakes."""

    passed: bool
    rule: str
    form: str  # which accepted form it is; "" for that of thalweg's own rule
    understood: str
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]
    sentence: str
    source: str


def check_optimizer(made: Any, rule: str | None = None) -> OptimizerCheck:
    """Check a class, an instance, or a function that makes one step, against the rule of this name.

    Without `rule` it is told from the name (MyAdam, sgd_momentum) or from the path it takes. Hyperparameters are
    handed over where the code takes them, under any of their usual names, and read from it where not. Whatever can
    change parameters when it is given gradients is understood: step(params, grads) in place or returning new ones,
    on lists, dictionaries or arrays, (w, g, *slots, t, lr, …) -> (w, *slots), objects with .data and .grad,
    init and update, a gradient function, a whole loop. Raises UnknownName and SpecError.

    >>> def adam(w, g, m, v, t, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    ...     m = beta1 * m + (1 - beta1) * g
    ...     v = beta2 * v + (1 - beta2) * g**2
    ...     return w - lr * m / (v**0.5 + eps), m, v
    >>> check_optimizer(adam).findings[0].name
    'neither moment is bias-corrected'
    """
    if rule is not None:
        RULES.named(rule)
    if not callable(made) and not hasattr(made, "__dict__"):
        raise SpecError(f"{type(made).__name__} is no optimizer; give a class, an object with step, or a function")
    before = Slate(made)
    with contextlib.redirect_stdout(io.StringIO()):  # what the learner's code prints
        try:
            return _checked(made, rule)
        finally:
            before.wipe()


def takes_a_step(function: Callable[..., Any]) -> bool:
    """Do a function's parameters say that it makes a step: weights and gradients, or a gradient function and more?

    >>> takes_a_step(lambda w, g, lr: w - lr * g), takes_a_step(lambda w: (w @ w, 2 * w))
    (True, False)
    """
    parameters = parameters_of(function)
    step = {role.kind for role in call_roles(parameters, ("lr",), 0).values()}
    loop = {role.kind for role in call_roles(parameters, ("lr",), 0, loop=True).values()}
    asks = {"grads", "gradient function", "both function"}
    named = rule_by_name(function) is not None
    return (
        ("params" in step and bool(step & asks))
        or {"params", "length", "gradient function"} <= loop
        or (named and len(parameters) > 1)
        or (named and all(parameter.default is not parameter.empty for parameter in parameters))
    )


def _checked(made: Any, rule: str | None) -> OptimizerCheck:
    file = file_of(made)
    how = "as you say" if rule else ""
    if rule is None and (rule := rule_by_name(made)):
        rule, how = _with_momentum(made, rule), "by its name"
    try:
        if rule is None:
            rule, how = _by_path(made, file), "by the path it takes"
        reading = read(made, rule, file)
    except Broken as broken:
        return _broken(made, rule or "", file, broken)
    return _verdict(made, rule, reading, how)


def _with_momentum(made: Any, rule: str) -> str:
    """SGD that takes a momentum is meant as momentum."""
    if rule != "gd":
        return rule
    if inspect.isclass(made) or inspect.isroutine(made):
        takes = [role.name for role in made_roles(parameters_of(made), ("lr", "beta")).values()]
    else:
        kept = {name: value for name, value in vars(made).items() if isinstance(value, float) and value}
        takes = list(hyper_roles(kept, ("lr", "beta")).values())
    return "momentum" if "beta" in takes else rule


def _by_path(made: Any, file: str) -> str:
    """The one rule whose path it takes, where the name says nothing."""
    name = getattr(made, "__name__", type(made).__name__)
    have = ", ".join(sorted(RULES))
    if other := other_rule(made):
        raise SpecError(f"{name} is called after {other}, which cannot be checked; have {have}")
    refused: list[Exception] = []
    for rule in RULES:
        try:
            reading = read(made, rule, file)
            with quiet():
                case = case_of(reading, made, rule)
                if case.finite and any(case.fitting(form) is not None for form in accepted(rule)):
                    return rule
        except (Broken, ThalwegError) as error:
            refused.append(error)
        except Exception:  # noqa: S112 - read as another rule it may run
            continue
    if len(refused) == len(RULES):  # it cannot be called, whatever it is
        raise refused[0]
    raise SpecError(
        f"which rule is {name} meant to be? It takes the path of none exactly; say so with --rule, one of {have}"
    )


def _broken(made: Any, rule: str, file: str, broken: Broken) -> OptimizerCheck:
    """The error, and why it comes, if the code works at least with positive gradients."""
    findings = [Finding("raises an error", f"a step fails, {broken}", broken.line)]
    with contextlib.suppress(Exception):
        findings = [*diagnosed_gently(read(made, rule, file, gentle=True), made, rule), *findings]
    sentence = _sentence(tuple(findings), rule, "")
    return OptimizerCheck(False, rule, "", "", tuple(findings), (), sentence, source(rule) if rule else "")


def _verdict(made: Any, rule: str, reading: Reading, how: str) -> OptimizerCheck:
    understood, form, remarks = f"{rule}, {how}; {words(reading)}", "", list[str]()
    findings = [one for law in FIRST for one in _kept(reading, law, reading)]
    if not findings:
        try:
            case = case_of(reading, made, rule)
        except Exception as error:  # later than the first steps, or with other hyperparameters
            return _broken(made, rule, reading.file, Broken(told(error, reading.file), last_line(error, reading.file)))
        verdict, mistakes = diagnosed(case)
        form = verdict.form.title if verdict and verdict.form else ""
        understood += f"; {case.traces[0].settings.words(verdict.hyper if verdict else {})}".rstrip("; ")
        for law in LAWS:
            findings += _kept(reading, law, reading)
        hyper = case.traces[0].settings.choices[0]
        apart = _kept(reading, parameters.are_apart, reading, _believed(verdict, rule), hyper)
        findings = _ordered([*findings, *_of_second(apart, mistakes, case), *mistakes])
        remarks = [*(verdict.notes if verdict else ()), *_remarks(reading, made)]
    sentence = _sentence(tuple(findings), rule, form)
    return OptimizerCheck(not findings, rule, form, understood, tuple(findings), tuple(remarks), sentence, source(rule))


def _remarks(reading: Reading, made: Any) -> list[str]:
    """What is worth knowing and no mistake."""
    asked = (
        parameters.late_ones_are_welcome,
        memory.can_be_copied,
        memory.saves_a_copy,
        calling.widens_float32,
    )
    found = []
    for remark in asked:
        with contextlib.suppress(Exception):  # an error there has been found by a law before
            found.append(remark(reading))
    return [one for one in (*found, unusual_defaults(reading, made)) if one]


def _kept(reading: Reading, law: Callable[..., Iterator[Finding]], *arguments: Any) -> list[Finding]:
    """What a law finds; an error of the learner's code on the way is a finding, too."""
    try:
        return list(law(*arguments))
    except ThalwegError:
        raise
    except Exception as error:
        doing = (inspect.getdoc(law) or "").split("\n")[0].rstrip(".")
        sentence = f"a step fails, {told(error, reading.file)} (when checked: {doing[:1].lower()}{doing[1:]})"
        return [Finding("raises an error", sentence, last_line(error, reading.file))]


def _believed(verdict: Verdict | None, rule: str) -> list[Any]:
    """The formulas that the optimizer may follow, for the diagnosis of what else is wrong."""
    if verdict is None:
        return list(accepted(rule))
    own = [form for form in (verdict.form, verdict.other) if form] + [suspect.form for suspect in verdict.suspects]
    return own or list(accepted(rule))


FOLLOW = {  # what follows from a finding, and is not told beside it
    "only the first parameter moves": ("pairs parameters and gradients by position",),
    "only the second parameter moves": ("pairs parameters and gradients by position",),
    "keeps the caller's gradient": ("changes the gradient",),
    "not finite": ("a zero gradient gives nan",),
}


def _of_second(apart: list[Finding], mistakes: list[Finding], case: Case) -> list[Finding]:
    """Where the second parameter moves by a formula of its own: what is wrong with it, if the first is right."""
    if [one.name for one in apart] != [parameters.ANOTHER_FORMULA]:
        return apart
    if mistakes:  # the first is wrong; that is told, and the second need not be
        return []
    found: list[Finding] = []
    with contextlib.suppress(Exception):
        found = diagnosed_second(case)
    return [
        replace(one, sentence=f"in what is done with the second of two parameters, {one.sentence}") for one in found
    ] or apart


LATE = ("not finite", "a zero gradient gives nan", "differs")  # what follows from something else, if that was found


def _ordered(findings: list[Finding]) -> list[Finding]:
    """Causes before consequences, and no consequence twice."""
    names = {one.name for one in findings}
    findings = [one for one in findings if not any(one.name in FOLLOW.get(name, ()) for name in names)]
    return sorted(findings, key=lambda one: LATE.index(one.name) + 1 if one.name in LATE else 0)


def words(reading: Reading) -> str:
    """How the code was called."""
    plan = reading.plan
    call = plan.call if isinstance(plan.call, str) else plan.call.__name__
    title = f"{call}({', '.join(p.name for p in plan.parameters)})"
    off = [name for name, role in {**plan.made_with, **plan.called_with}.items() if role.kind == "zero"]
    title += f" with {' and '.join(f'{name}=0' for name in off)}" if off else ""
    if plan.loop:
        return f"{title} does all steps at once, on {plan.holder.words}"
    if plan.adds:
        return f"{title} returns what to {'add' if plan.adds > 0 else 'subtract'}, on {plan.holder.words}"
    return f"{title} on {plan.holder.words}"


def ended(sentence: str) -> str:
    """With a full stop, if no other sign ends it."""
    return sentence if sentence.endswith(("?", "!", ".")) else f"{sentence}."


def _sentence(findings: tuple[Finding, ...], rule: str, form: str) -> str:
    if not findings:
        known_from = "" if re.search(r"\(.*\d{4}.*\)", form) else f" ({source(rule)})"
        return f"nothing speaks against this {rule}{f', {form}' if form else ''}{known_from}."
    first = findings[0]
    more = f" And {len(findings) - 1} more." if len(findings) > 1 else ""
    place = f"line {first.line}: " if first.line and not first.sentence.startswith("a step fails, line") else ""
    return f"{place}{ended(first.sentence)}{more}"
