"""SQL made of parts: our own column names c0, c1, …, and texts and names of others, which are quoted here."""


def select(what: str, source: str, rest: str = "") -> str:
    """SELECT what FROM source rest."""
    return f"SELECT {what} FROM {source} {rest}".rstrip()  # noqa: S608  parts are ours, or quoted below


def quoted(text: str) -> str:
    """A text as SQL text."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL name."""
    return '"' + name.replace('"', '""') + '"'
