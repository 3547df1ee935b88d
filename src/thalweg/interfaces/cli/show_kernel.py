"""thalweg show kernel NAME: the code that a rule's formula is compiled from."""

from thalweg.descent.compiled.translate import NotTranslatable, translated
from thalweg.descent.compiled.update_source import update_source
from thalweg.errors import SpecError
from thalweg.formulas.rules import RULES
from thalweg.interfaces.cli import FINE
from thalweg.interfaces.cli.say import put_json


def show_kernel(names: tuple[str, ...], json: bool) -> int:
    """The kernel of one rule."""
    if len(names) != 1:
        raise SpecError(f"show kernel takes one rule, as in thalweg show kernel adam; have {', '.join(sorted(RULES))}")
    rule = RULES.named(names[0])
    try:
        text = update_source(translated(rule))
    except NotTranslatable as why:
        raise SpecError(f"rule {rule.name} has no kernel and runs in NumPy: {why}") from None
    if json:
        put_json({"kernel": rule.name, "source": text})
    else:
        print(text, end="")
    return FINE
