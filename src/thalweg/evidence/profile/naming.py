"""What the name of a column gives away: that it comes from the target, that it names whoever a row is about, a year."""

import re

# Words for whatever may stand in several rows. Not places: a shop in another town is no other shop.
WHO = {"subject", "patient", "person", "participant", "user", "customer", "client", "member", "household", "family",
       "firm", "company", "student", "pupil", "player", "athlete", "donor", "animal", "rat", "mouse", "machine",
       "device", "sensor", "unit", "batch", "lot", "experiment", "session", "cluster", "group", "school", "hospital",
       "respondent", "individual", "account", "driver", "employee", "worker", "child", "mother", "twin"}  # fmt: skip
MADE = {"target", "label", "encoded", "predicted", "prediction", "pred", "yhat", "fitted"}
YEAR = {"year", "yr", "date", "month", "week", "day", "time", "timestamp", "season"}


def tokens(name: str) -> tuple[str, ...]:
    """`SalePrice_USD` -> ("sale", "price", "usd")."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return tuple(word for word in re.split(r"[\W_]+", spaced.casefold()) if word)


def named_after(name: str, target: str) -> bool:
    """Whether one name holds all words of the other, or the name says that it was made from a target."""
    own, other = set(tokens(name)), set(tokens(target))
    return bool(own and other and (own <= other or other <= own or (own & MADE)))


def names_someone(name: str) -> bool:
    """patient, customer_no."""
    return bool(set(tokens(name)) & WHO)


def names_time(name: str) -> bool:
    """year, season."""
    return bool(set(tokens(name)) & YEAR)
