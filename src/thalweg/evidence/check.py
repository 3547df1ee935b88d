"""One question asked of data, a function or a run, its number, and its answer in a sentence."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "notice", "warn", "fail"]
ORDER: tuple[Status, ...] = ("ok", "notice", "warn", "fail")


@dataclass(frozen=True)
class Check:
    """`value` in `unit` is what was measured; `sentence` says what it means and what to do about it."""

    code: str
    title: str
    status: Status
    value: float
    unit: str
    sentence: str

    @property
    def ok(self) -> bool:
        """Nothing to do: "ok", or a notice that is only worth knowing."""
        return self.status in ("ok", "notice")


def worst(checks: list[Check]) -> Status:
    """The most serious status among checks; "ok" of none."""
    return max((check.status for check in checks), key=ORDER.index, default="ok")
