"""Names, numbers, telephones and payee accounts of the fictional city, as the register of subjects takes them over."""

import numpy as np
import polars as pl

from policy_engine.catalogue.attributes import EntityKind
from policy_engine.profiles.city import identifiers
from policy_engine.profiles.city.drawing import Bools, flags, labels, masked
from policy_engine.profiles.city.enterprises import (
    ACCOUNTANTS,
    CODE_CATEGORIES,
    ENDINGS,
    INDUSTRIES,
    LAWYERS,
    SOLE_TRADER,
    Firms,
)
from policy_engine.profiles.city.families import People
from policy_engine.profiles.city.frames import ids
from policy_engine.profiles.city.homes import Homes
from policy_engine.profiles.city.names import firm_names, person_names

NEWBORN_DAYS = 40
SCHEMES: dict[EntityKind, tuple[str, str]] = {
    "hire": ("hire_record", "JY"),
    "loan": ("loan_contract", "JK"),
    "home": ("home_contract", "WQ"),
    "project": ("project_filing", "XM"),
}


def registry_frame(
    rng: np.random.Generator, people: People, homes: Homes, firms: Firms, items: dict[EntityKind, int]
) -> pl.DataFrame:
    """``subject_id, kind, name, identifier_kind, identifier, phone, has_payee_account, payee_account`` for all.

    Some newborns have no number yet. Hires, loans, homes and projects carry the number of their contract or filing and no name.
    """
    names = person_names(rng, people)
    parts = [_persons(rng, people, names), _households(rng, homes, names), _firms(rng, firms)]
    parts += [_items(rng, kind, count) for kind, count in items.items()]
    frame = pl.concat(parts)
    numbers = identifiers.scattered(frame.height, _start(rng), 8)
    # Eleven digits beginning with 100: dialling them reaches nobody.
    return frame.with_columns(
        phone=masked(identifiers.serial_text("100", numbers, 8), frame["phone"].to_numpy())
    )


def _persons(rng: np.random.Generator, people: People, names: pl.Series) -> pl.DataFrame:
    count, age = len(people), people.age
    unregistered = (people.born > people.born.max() - NEWBORN_DAYS) & (rng.random(count) < 0.4)
    has_phone = rng.random(count) < np.interp(age, (9, 14, 18, 65, 85), (0.0, 0.6, 0.98, 0.92, 0.45))
    has_account = rng.random(count) < np.interp(age, (0, 3, 6, 18, 60), (0.15, 0.3, 0.6, 0.93, 0.975))
    number = identifiers.id_numbers(people.born, people.is_female)
    return _rows("person", count, names, "id_number", number, ~unregistered, has_phone, has_account)


def _households(rng: np.random.Generator, homes: Homes, names: pl.Series) -> pl.DataFrame:
    count = len(homes)
    number = identifiers.serial_text(
        identifiers.UNASSIGNED_DIVISION, identifiers.scattered(count, _start(rng), 9), 9
    )
    name = names.gather(homes.head.astype(np.uint32)) + labels(("户",), np.zeros(count))
    nobody = np.zeros(count, bool)
    return _rows("household", count, name, "household_number", number, ~nobody, nobody, nobody)


def _firms(rng: np.random.Generator, firms: Firms) -> pl.DataFrame:
    count = len(firms)
    county = labels(tuple(division[:6] for division in firms.divisions), firms.place)
    words = (*(word for _, word, *_ in INDUSTRIES), "")
    is_practice = (firms.kind == LAWYERS) | (firms.kind == ACCOUNTANTS)  # their form says what they do
    trade = labels(words, np.where(is_practice, len(INDUSTRIES), firms.industry))
    name = firm_names(rng, county, trade, labels(ENDINGS, firms.kind))
    category = np.array(CODE_CATEGORIES)[firms.kind]
    code = identifiers.credit_codes(identifiers.scattered(count, _start(rng), 8), category)
    has_phone = rng.random(count) < 0.97
    has_account = rng.random(count) < np.where(firms.kind == SOLE_TRADER, 0.7, 0.96)
    return _rows("firm", count, name, "uscc", code, np.ones(count, bool), has_phone, has_account)


def _items(rng: np.random.Generator, kind: EntityKind, count: int) -> pl.DataFrame:
    scheme, prefix = SCHEMES[kind]
    number = identifiers.serial_text(prefix, identifiers.scattered(count, _start(rng), 10), 10)
    nobody = np.zeros(count, bool)
    unnamed = pl.repeat(None, count, dtype=pl.String, eager=True)
    return _rows(kind, count, unnamed, scheme, number, ~nobody, nobody, nobody)


def _rows(
    kind: EntityKind,
    count: int,
    name: pl.Series,
    identifier_kind: str,
    identifier: pl.Series,
    has_identifier: Bools,
    has_phone: Bools,
    has_account: Bools,
) -> pl.DataFrame:
    everyone = np.zeros(count)
    subject = ids(kind, np.arange(count))
    ending = identifiers.serial_text("", subject * 7_919 % 10_000, 4)  # what a receipt shows of an account
    account = labels(("演示卡 6299 **** **** ",), everyone) + ending
    return pl.DataFrame(
        {
            "subject_id": subject,
            "kind": labels((kind,), everyone),
            "name": name,
            "identifier_kind": labels((identifier_kind,), everyone, has_identifier),
            "identifier": masked(identifier, has_identifier),
            "phone": flags(has_phone),
            "has_payee_account": flags(has_account),
            "payee_account": masked(account, has_account),
        }
    )


def _start(rng: np.random.Generator) -> int:
    return int(rng.integers(0, 10**8))
