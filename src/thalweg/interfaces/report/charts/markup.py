"""Markup that is safe by type: only `text`, `tag`, `join` and `data_script` make it, and all of them escape.

`Safe` is a string that already is markup. A plain string cannot be passed where a `Safe` is asked for
(the type checker refuses it), so whatever a user typed has to go through `text` first. The output is
well-formed XML as well as HTML.
"""

import json
import math
import re
from typing import NewType

Safe = NewType("Safe", str)
NOTHING = Safe("")

# XML knows no control characters except tab and newline, and UTF-8 knows no lone surrogates.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_LEAVES = frozenset({"path", "line", "circle", "rect", "input"})


def text(value: object) -> Safe:
    """Any value as markup that shows its text: the one escape function."""
    return Safe(_UNWRITABLE.sub("\ufffd", str(value)).translate(_ENTITIES))


def number(value: float) -> str:
    """A coordinate with at most two decimals. Only finite numbers may reach a drawing."""
    if not math.isfinite(value):
        raise ValueError(f"a coordinate is {value}; expected a finite number, drop the others first")
    rounded = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if rounded in {"-0", ""} else rounded


def percent(fraction: float) -> str:
    """A place along the plot, 0 to 1, as SVG wants it: `percent(0.125) == "12.5%"`."""
    return number(100 * fraction) + "%"


def join(*parts: Safe) -> Safe:
    """Several pieces of markup, one after the other."""
    return Safe("".join(parts))


def tag(name: str, /, *children: Safe, **attributes: object) -> Safe:
    """An element. `class_` is class, `data_u` is data-u; an attribute that is None is left out."""
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in _LEAVES:
        return Safe(f"<{opening}/>")
    return Safe(f"<{opening}>{''.join(children)}</{name}>")


def _attribute(key: str, value: object) -> str:
    shown = number(value) if isinstance(value, float) else str(value)
    return f' {key.rstrip("_").replace("_", "-")}="{text(shown)}"'


def data_script(data: object) -> Safe:
    """Data for the script beside the chart, as JSON in which no `<`, `>` or `&` can end the element."""
    written = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return Safe(f'<script type="application/json">{written}</script>')
