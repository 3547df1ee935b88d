"""The result of one check: what was measured, and what follows for the reader."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "notice", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """code names the check for programs and never changes. value is what was measured, in `unit`."""

    code: str
    title: str
    status: Status
    value: float
    unit: str
    sentence: str
