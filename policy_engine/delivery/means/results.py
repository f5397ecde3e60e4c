"""What a check found of a household together, and how it becomes known to the policies until the authorisation ends."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from policy_engine.catalogue.income import OTHER, Earned, Weighed, income_catalogue, weigh
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means.income_rules import treatments
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.ports import IncomePart, MeansAnswer, Ports
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes

SOURCE = "means_test"
INCOME, ASSETS = "household.monthly_income", "household.assets"
RELIEF = "social_relief"
#: Every fact of the household that a check may make known, and takes along when it is forgotten.
KNOWN = (ASSETS, *(test.attribute for test in income_catalogue().tests.values()))
#: How long a result counts; the authorisation says so.
VALID_DAYS = 180


class IncomeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of income of the household, as it was weighed: later changes of the list do not change it."""

    kind: str
    amount_fen: int
    counted_fen: int
    free_fen: int = 0
    source: str = ""


class MeansResult(msgspec.Struct, frozen=True, kw_only=True):
    """Of the household together; ``missing`` names what did not answer. ``monthly_income_fen`` is what counts for relief."""

    monthly_income_fen: int
    assets_fen: int
    homes: int
    members: int
    missing: tuple[str, ...]
    #: By means test, what the income is made of and what of it counts; empty in results of before it was itemised.
    lines: dict[str, tuple[IncomeLine, ...]] = msgspec.field(default_factory=dict)


def add_up(
    session: Session, claim: Claim, answers: Sequence[tuple[int, MeansAnswer]]
) -> dict[str, tuple[IncomeLine, ...]]:
    """Every member's income, weighed for each means test by the rules of the day on which the claim was made.

    So nobody is judged by another list because a source was slow.
    """
    earned = [
        Earned(person, part.kind, part.amount_fen) for person, answer in answers for part in _parts(answer)
    ]
    rules, on = treatments(session), business_date(claim.submitted_at or claim.created_at)
    return {
        test: tuple(_line(one) for one in weigh(earned, rules, test, claim.division, on))
        for test in income_catalogue().tests
    }


def counted(lines: Iterable[IncomeLine]) -> int:
    return sum(one.counted_fen for one in lines)


def result_of(ports: Ports, check: MeansCheck) -> MeansResult | None:
    """The result while it counts."""
    if check.result_sealed is None:
        return None
    opened = ports.vault.open(check.result_sealed, context=f"means_check/result_sealed/{check.id}")
    return msgspec.json.decode(opened, type=MeansResult)


def seal_result(ports: Ports, check: MeansCheck, result: MeansResult) -> bytes:
    content = msgspec.json.encode(result).decode()
    return ports.vault.seal(content, context=f"means_check/result_sealed/{check.id}")


def learn(session: Session, check: MeansCheck, result: MeansResult, *, now: datetime) -> None:
    """The household's unknown facts become known, until the authorisation ends."""
    known = profiles.load_subjects(session, {check.household_id}).get(check.household_id)
    if known is None or known.kind != "household":
        return
    sums = {INCOME: result.monthly_income_fen, ASSETS: result.assets_fen}
    sums |= {
        test.attribute: counted(result.lines[key])
        for key, test in income_catalogue().tests.items()
        if key in result.lines
    }
    told = [
        FactChange(
            subject_id=check.household_id,
            attribute=attribute,
            value=value,
            source=SOURCE,
            event_id=f"means/{check.id}",
            observed_at=now,
            valid_until=check.valid_until_on,
        )
        for attribute, value in sums.items()
    ]
    apply_changes(session, told, now=now)


def _parts(answer: MeansAnswer) -> list[IncomePart]:
    """The itemised income; what the items leave over is of no known kind, and counts."""
    rest = answer.monthly_income_fen - sum(one.amount_fen for one in answer.income)
    parts = [one for one in answer.income if one.amount_fen > 0]
    return [*parts, IncomePart(OTHER, rest)] if rest > 0 else parts


def _line(one: Weighed) -> IncomeLine:
    rule = one.rule
    named = "" if rule is None else rule.source.title
    if rule is not None and rule.source.document_number:
        named = f"{named} {rule.source.document_number}"
    free = rule.free_fen if rule is not None and rule.counts else 0
    return IncomeLine(
        kind=one.kind, amount_fen=one.amount_fen, counted_fen=one.counted_fen, free_fen=free, source=named
    )
