"""One run of a learner's optimizer, step by step, however it wants to be called."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from thalweg.evidence.own_optimizer.reading.holders import PARTS, Holder
from thalweg.evidence.own_optimizer.reading.names import COUNTS, plain, words_in
from thalweg.evidence.own_optimizer.reading.roles import VARIADIC, Role
from thalweg.evidence.own_optimizer.reading.slate import Slate
from thalweg.formulas.arrays import Array

Slopes = Callable[[list[Array]], list[Array]]  # the gradient of every parameter, at these parameters


class Zeros(dict[Any, Any]):
    """State that nobody has begun: whatever is asked for starts at 0."""

    def __missing__(self, key: Any) -> Any:
        self[key] = 0
        return 0


@dataclass(frozen=True)
class Plan:
    """A way to use the learner's code. Which of the possible ways is right is found out by trying them."""

    make: Callable[..., Any] | None  # makes the object; None for a plain function
    made_with: Mapping[str, Role]
    call: Callable[..., Any] | str  # the function, or the name of the object's method
    called_with: Mapping[str, Role]
    parameters: tuple[inspect.Parameter, ...]  # of the call
    holder: Holder
    hyper: Mapping[str, float]  # what to hand over, by our names
    slate: Slate
    loop: bool = False  # the call does all its steps at once
    state: str = "zeros"  # how state begins: "zeros", "none", "empty", "default", "keys", "made"
    begin: Callable[..., Any] | str | None = None  # makes the state from the parameters
    first: int = 1  # what the first step is counted as
    adds: int = 0  # the call returns what to add (1) or to subtract (-1), not the new parameters
    config: Mapping[str, str] = field(default_factory=dict)  # keys of a settings dictionary: theirs, ours
    around: tuple[str, ...] = ()  # methods to call before and after a step
    setup: str = ""  # the method that is told the parameters before the first step
    look_ahead: str = ""  # the method that says where the gradient shall be taken

    def but(self, **changes: Any) -> "Plan":
        return replace(self, **changes)

    @property
    def takes_function(self) -> bool:
        """Does the learner's code ask for gradients itself?"""
        kinds = {role.kind for role in (*self.called_with.values(), *self.made_with.values())}
        return self.loop or bool(self.look_ahead) or bool(kinds & {"gradient function", "both function"})

    @property
    def carries(self) -> list[str]:
        """The names of the state that goes in and comes out, in order."""
        return [name for name, role in self.called_with.items() if role.kind in ("state", "bundle", "count")]

    @property
    def states_given(self) -> bool:
        """Does state go in and out of the call?"""
        return any(role.kind in ("state", "bundle") for role in self.called_with.values())

    def start(self, arrays: Sequence[Array], *, clean: bool = True) -> "Session":
        """A new run from these parameters."""
        if clean:
            self.slate.wipe()
        return Session(self, arrays)


class Session:
    """A run: parameters, state and the learner's object, if it is one."""

    def __init__(self, plan: Plan, arrays: Sequence[Array]):
        self.plan, self.k, self.losses = plan, 0, 0
        self.shapes = [np.shape(array) for array in arrays]
        self.first = [np.array(array) for array in arrays]
        self.held = plan.holder.hold([array.copy() for array in self.first])
        self.buffers = [np.zeros(np.shape(array)) for array in arrays]  # for gradients that are bound once
        self.slopes: Slopes | None = None
        self.object = self._made() if plan.make is not None else None
        self.states: dict[str, Any] = {}
        if not plan.loop:
            self.states = {name: self._begun(name) for name in plan.carries}

    # What to hand over

    def _made(self) -> Any:
        assert self.plan.make is not None  # noqa: S101 - for the type checker
        made = self.plan.make(**{name: self._thing(role, []) for name, role in self.plan.made_with.items()})
        if self.plan.setup:
            getattr(made, self.plan.setup)(self.held)
        return made

    def _begun(self, name: str) -> Any:
        plan, role = self.plan, self.plan.called_with[name]
        if role.kind == "count":
            return plan.first
        if plan.begin is not None:
            begin = getattr(self.object, plan.begin) if isinstance(plan.begin, str) else plan.begin
            return begin(plan.holder.hold([array.copy() for array in self.first]))
        if plan.config and role.kind == "bundle":
            return {theirs: self.plan.hyper[ours] for theirs, ours in plan.config.items()}
        beginnings: dict[str, Callable[[], Any]] = {
            "none": lambda: None,
            "empty": dict,
            "keys": Zeros,
            "slots": self._slots,
            "default": lambda: next(p.default for p in plan.parameters if p.name == name),
        }
        return beginnings.get(plan.state, lambda: self._zeros(name))()

    def _zeros(self, name: str) -> Any:
        """State of zeros, as the parameters are held; of two parameters, as that one which it is called after."""
        if self.plan.holder.words != PARTS.words:
            return self.plan.holder.zeros(self.first)
        first = self.first if self.plan.holder is PARTS else self.first[::-1]
        parts = {theirs: int(role.name) for theirs, role in self.plan.called_with.items() if role.kind == "part"}
        return next((np.zeros_like(first[i]) for part, i in parts.items() if name.endswith(part)), 0.0)

    def _slots(self) -> dict[str, Any]:
        """A dictionary with all the keys that the code speaks of: counts of 0, moments of zeros."""
        keys = [key for key in words_in(self.plan.call) if key.isidentifier()]
        return {key: 0 if plain(key) in COUNTS else self.plan.holder.zeros(self.first) for key in keys}

    def _thing(self, role: Role, grads: Sequence[Array]) -> Any:
        """What a role stands for, right now."""
        hyper, holder = self.plan.hyper, self.plan.holder
        things: dict[str, Callable[[], Any]] = {
            "hyper": lambda: (hyper["beta1"], hyper["beta2"]) if role.name == "betas" else hyper[role.name],
            "params": lambda: self.held,
            "layer": lambda: self.held,
            "part": lambda: self.held[int(role.name)],
            "part grad": lambda: holder.grads(self.held, grads or self.buffers)[int(role.name)],
            "grads": lambda: holder.grads(self.held, grads or self.buffers),
            "pairs": lambda: list(zip(holder.grads(self.held, grads), self.held, strict=True)),
            "turned pairs": lambda: list(zip(self.held, holder.grads(self.held, grads), strict=True)),
            "gradient function": lambda: self._asked,
            "both function": lambda: lambda point: (self._falling(), self._asked(point)),
            "loss function": lambda: self._falling,
            "shape": lambda: self.shapes[0] if len(self.shapes) == 1 else self.shapes,
            "size": lambda: self.first[0].size if len(self.first) == 1 else len(self.first),
            "true": lambda: True,
            "zero": lambda: 0.0,
            "length": lambda: max(self.k, 1),
        }
        return things[role.kind]()

    def _asked(self, point: Any, *_: Any) -> Any:
        """The gradient at a point of the learner's choice, held as they hold it."""
        arrays = self.plan.holder.read(point)
        if arrays is None or self.slopes is None:
            raise TypeError(f"the gradient function was called with {type(point).__name__}, not with parameters")
        return self.plan.holder.grads(point, self.slopes([self._shaped(a, i) for i, a in enumerate(arrays)]))

    def _falling(self, *_: Any) -> float:
        """A loss, for code that asks for one to print it or to stop where it no longer falls."""
        self.losses += 1
        return 1000.0 - self.losses

    def _shaped(self, array: Array, i: int) -> Array:
        return np.asarray(array, dtype=float) if self.plan.holder.shape_kept else array.reshape(self.shapes[i])

    # Steps

    @property
    def arrays(self) -> list[Array]:
        """The parameters now, copied, with the shapes that they have."""
        read = self.plan.holder.read(self.held)
        if read is None:
            raise TypeError(f"the parameters became {type(self.held).__name__}")
        return [np.array(self._shaped(a, i) if a.dtype.kind == "f" else a) for i, a in enumerate(read)]

    def step(self, slopes: Slopes) -> list[Array]:
        """One step with the gradients that `slopes` gives, and the parameters after it."""
        self.slopes = slopes
        if self.plan.takes_function and not self.plan.look_ahead:
            return self.step_with([])
        at = self.held
        if self.plan.look_ahead:
            answer = getattr(self.object, self.plan.look_ahead)(self.held)
            at = self.held if answer is None else answer
        read = self.plan.holder.read(at)
        if read is None:
            raise TypeError(f"{self.plan.look_ahead} returned {type(at).__name__}, not parameters")
        return self.step_with(slopes([self._shaped(a, i) for i, a in enumerate(read)]))

    def step_with(self, grads: Sequence[Array]) -> list[Array]:
        """One step with exactly these gradient arrays, which the learner's code may keep or change."""
        self.k += 1
        if self.plan.loop:
            self._begin_again()
        if self.plan.holder.inside and grads:
            self.plan.holder.grads(self.held, grads)
        for buffer, grad in zip(self.buffers, grads, strict=False):
            buffer[...] = grad
        before = self.arrays
        self._around("pre")
        self._take(self._call(grads), before)
        self._around("post")
        return self.arrays

    def _begin_again(self) -> None:
        self.held = self.plan.holder.hold([array.copy() for array in self.first])
        if self.plan.make is not None:
            self.plan.slate.wipe()
            self.object = self._made()

    def _around(self, when: str) -> None:
        for name in self.plan.around:
            if name.startswith(when):
                getattr(self.object, name)()

    def _call(self, grads: Sequence[Array]) -> Any:
        call = getattr(self.object, self.plan.call) if isinstance(self.plan.call, str) else self.plan.call
        args, kwargs = [], {}
        for parameter in self.plan.parameters:
            role = self.plan.called_with.get(parameter.name)
            if role is None or parameter.kind in VARIADIC:
                continue
            carried = parameter.name in self.states
            if carried and self.plan.state == "default" and self.k == 1 and role.kind != "count":
                continue  # leave it to its default
            thing = self.states[parameter.name] if carried else self._thing(role, grads)
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                args.append(thing)
            else:
                kwargs[parameter.name] = thing
        if not self.plan.called_with and any(p.kind is p.VAR_POSITIONAL for p in self.plan.parameters):
            return call(self._thing(Role("params"), grads), self._thing(Role("grads"), grads))
        return call(*args, **kwargs)

    # What came back

    def _take(self, result: Any, before: list[Array]) -> None:
        rest: Sequence[Any] = ()
        answer = None
        if self.plan.holder.words == PARTS.words and isinstance(result, tuple | list) and len(result) > len(before):
            answer, rest = result[: len(before)], result[len(before) :]
        elif self.plan.loop and isinstance(result, np.ndarray) and result.ndim > before[0].ndim and len(result):
            answer = result[-1]  # the whole path
        elif self._fits(result, before):
            answer = result
        elif isinstance(result, tuple | list) and result and self._fits(result[0], before):
            answer, rest = result[0], result[1:]
        elif isinstance(result, tuple | list) and self.plan.loop:
            answer = self._last(result, before)
        if answer is not None:
            self.held = self._moved(answer) if self.plan.adds else answer
        self._carry(rest)

    def _fits(self, held: Any, before: list[Array]) -> bool:
        """Are these parameters? Where shapes differ, only if nothing was changed in place: a step may return a norm."""
        read = None if held is None else self.plan.holder.read(held)
        if read is None or len(read) != len(self.shapes):
            return False
        if not self.plan.holder.shape_kept or all(a.shape == b.shape for a, b in zip(read, before, strict=True)):
            return True
        still = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(self.arrays, before, strict=True))
        return still and all(array.ndim > 0 for array in read)

    def _last(self, result: Sequence[Any], before: list[Array]) -> Any:
        """The end of a path: a loop may return all its points, or (losses, points)."""
        for part in (result[-1], *result):
            if isinstance(part, list | tuple) and part and self._fits(part[-1], before):
                return part[-1]
            if self._fits(part, before):
                return part
        return None

    def _moved(self, update: Any) -> Any:
        now, by = self.arrays, self.plan.holder.read(update) or []
        return self.plan.holder.hold(
            [a + self.plan.adds * np.reshape(b, a.shape) for a, b in zip(now, by, strict=True)]
        )

    def _carry(self, rest: Sequence[Any]) -> None:
        """State that came back, in the order in which it went in; the count is ours unless it came back, too."""
        names = self.plan.carries
        uncounted = [name for name in names if self.plan.called_with[name].kind != "count"]
        returned = names if len(rest) == len(names) else uncounted
        for name, thing in zip(returned, rest, strict=False):
            self.states[name] = thing
        for name in names:
            if self.plan.called_with[name].kind == "count" and (name not in returned or not rest):
                self.states[name] = self.plan.first + self.k
