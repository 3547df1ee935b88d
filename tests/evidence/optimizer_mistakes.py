"""Single mistakes in the six rules, as edits of the text that own_optimizers.py writes."""

from own_optimizers import BODIES

# One mistake each: the rule, what stood in its body, what stands there now, and a word of the name it must be given.
UPHILL = "uphill"
EMA, SQUARES = "{beta} * {v} + (1 - {beta}) * g", "{rho} * {s} + (1 - {rho}) * g**2"
STEP = "(m_hat / (sqrt(v_hat) + {eps}) + {decay} * w)"
MISTAKES = [
    ("gd", "w - {lr} * g", "w + {lr} * g", UPHILL),
    ("gd", "{lr} * g", "g", "lr is missing|the factor lr is missing"),
    ("gd", "{lr} * g", "{lr} * {lr} * g", "lr is used twice|lr is squared|multiplied by lr"),
    ("gd", "{lr} * g", "2 * {lr} * g", "twice|doubled|multiplied by 2"),
    ("gd", "{lr} * g", "{lr} * g / 2", "half|halved|divided by 2"),
    ("gd", "{lr} * g", "{lr} * g**2", "squared"),
    ("gd", "w = w - {lr} * g", "w = -{lr} * g", "w is missing"),
    ("momentum", "w - {lr} * {v}", "w + {lr} * {v}", UPHILL),
    ("momentum", "{lr} * {v}", "{v}", "lr is missing"),
    ("momentum", EMA, "(1 - {beta}) * {v} + {beta} * g", "beta and 1 - beta are exchanged"),
    ("momentum", EMA, "(1 - {beta}) * g", "the old velocity is forgotten"),
    ("momentum", EMA, "{v} + (1 - {beta}) * g", "beta is missing: the velocity never fades"),
    ("momentum", EMA, "{v} + g", "the velocity never fades"),
    ("momentum", EMA, "{beta} * {v} - (1 - {beta}) * g", UPHILL),
    ("momentum", "(1 - {beta}) * g", "{beta} * g", "beta multiplies both|beta is applied twice"),
    ("momentum", "{lr} * {v}", "{lr} * g", "the velocity is not used|the old velocity is forgotten"),
    ("momentum", "(1 - {beta}) * g", "(1 - {beta}) * g**2", "square"),
    ("momentum", "{lr} * {v}", "{lr} * ({v} + g)", "the gradient is added to the velocity once more"),
    ("nesterov", "(g + {beta} * {v})", "{v}", "this is momentum, not nesterov"),
    ("nesterov", "(g + {beta} * {v})", "(g + {v})", "beta is missing in the look-ahead"),
    ("nesterov", "(g + {beta} * {v})", "(g - {beta} * {v})", "the look-ahead goes backwards"),
    ("nesterov", "(g + {beta} * {v})", "({beta} * {v})", "the gradient is missing beside the velocity"),
    ("nesterov", "w - {lr}", "w + {lr}", UPHILL),
    ("nesterov", "{beta} * {v} + g", "{v} + g", "beta is missing: the velocity never fades"),
    ("nesterov", "{lr} * (g + {beta} * {v})", "{lr} * {beta} * (g + {v})", "scaled by beta"),
    ("rmsprop", "w - {lr}", "w + {lr}", UPHILL),
    ("rmsprop", "sqrt({s})", "{s}", "the root"),
    ("rmsprop", " + {eps})", ")", "eps is missing"),
    ("rmsprop", "(1 - {rho}) * g**2", "g**2", "the factor 1 - rho is missing"),
    ("rmsprop", SQUARES, "(1 - {rho}) * {s} + {rho} * g**2", "rho and 1 - rho are exchanged"),
    ("rmsprop", SQUARES, "{s} + (1 - {rho}) * g**2", "rho is missing"),
    ("rmsprop", SQUARES, "{s} + g**2", "this is adagrad, not rmsprop"),
    ("rmsprop", SQUARES, "(1 - {rho}) * g**2", "the old average is forgotten"),
    ("rmsprop", "g**2", "abs(g)", "absolute value"),
    ("rmsprop", "g**2", "g", "not squared"),
    ("rmsprop", "g / (", "1 / (", "g is missing|1 / "),
    ("adam", "m_hat = {m} / (1 - {beta1}**{t})", "m_hat = {m}", "m is not bias-corrected"),
    ("adam", "v_hat = {v} / (1 - {beta2}**{t})", "v_hat = {v}", "v is not bias-corrected"),
    ("adam", "m_hat / (sqrt(v_hat)", "{m} / (sqrt({v})", "neither moment is bias-corrected"),
    ("adam", "{beta1}**{t}", "{beta1}", "beta1 instead of beta1"),
    ("adam", "{beta2}**{t}", "{beta1}**{t}", "both corrections use beta1"),
    ("adam", "{t})", "({t} - 1))", "t starts at 0|not finite"),
    ("adam", "{t})", "({t} + 1))", "t is one too high"),
    ("adam", "w - {lr}", "w + {lr}", UPHILL),
    ("adam", "sqrt(v_hat) + {eps}", "sqrt(v_hat + {eps})", "eps is inside the root"),
    ("adam", "sqrt(v_hat)", "v_hat", "the root"),
    ("adam", "(sqrt(v_hat) + {eps})", "sqrt(v_hat) + {eps}", "brackets"),
    ("adam", "* m_hat /", "* g /", "g stands where m_hat belongs"),
    ("adam", "(1 - {beta2}) * g**2", "(1 - {beta2}) * {m}**2", "square of m"),
    ("adam", "(1 - {beta2}) * g**2", "g**2", "the factor 1 - beta2 is missing"),
    ("adam", "(1 - {beta1}) * g", "g", "the factor 1 - beta1 is missing"),
    ("adam", "(1 - {beta1}) * g", "{beta1} * g", "beta1 stands where 1 - beta1 belongs"),
    ("adam", "{beta2} * {v} + (1 - {beta2})", "(1 - {beta2}) * {v} + {beta2}", "beta2 and 1 - beta2 are exchanged"),
    ("adam", "(1 - {beta2}) * g**2", "(1 - {beta2}) * (g - {m})**2", "AdaBelief"),
    ("adam", "{lr} * m_hat", "{lr} / {t} * m_hat", "divided by the number of steps|by the number of the step"),
    ("adamw", " + {decay} * w)", ")", "this is adam, not adamw"),
    ("adamw", "+ {decay} * w", "- {decay} * w", "the decay makes the weights grow"),
    ("adamw", "+ {decay} * w", "+ {lr} * {decay} * w", "the decay is multiplied by lr twice"),
    ("adamw", STEP, "(m_hat + {decay} * w) / (sqrt(v_hat) + {eps})", "divided"),
    ("adamw", "+ {decay} * w", "+ {decay} * g", "the decay is applied to the gradient"),
    ("adamw", "{decay} * w", "{decay} * m_hat", "m_hat stands where w belongs"),
    ("adamw", "{v} / (1 - {beta2}**{t})", "{v}", "v is not bias-corrected"),
]  # fmt: skip


def edited(rule: str, old: str, new: str) -> list[str]:
    """The body of a rule with one mistake in it."""
    text = "\n".join(BODIES[rule])
    if old not in text:
        raise ValueError(f"{rule} has no {old}")
    return text.replace(old, new).split("\n")
