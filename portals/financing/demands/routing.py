"""Which banks are asked, and in which order. Nobody can buy a place: only what is written here counts, and it is tested.

The bank or product that the firm named comes first. Then (open, named): who is surely eligible before who may be; the lower
rate for this firm; the fewer clocks run out on in half a year (per mille of applications); the higher limit. In rotation,
after who is surely eligible: whoever was given one longest ago. Equals are drawn by lot: SM3 of the demand's number and the
bank's code, so that no name has an advantage. Of one bank's products the first in this order stands for it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.crypto import sm3
from portals.financing.demands import repository
from portals.financing.demands.models import Demand
from portals.financing.demands.schemas import Candidate
from portals.financing.products.matching import Asked, Match

RECORD = timedelta(days=180)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class BankRecords(msgspec.Struct, frozen=True):
    """What the order looks at beside the products: breaches per mille, and when each bank last had its turn."""

    breach_permille: Mapping[str, int] = {}
    last_turn: Mapping[str, datetime] = {}


def asked_of(demand: Demand) -> Asked:
    """The demand as products see it."""
    return Asked(
        amount_fen=demand.amount_fen,
        term_months=demand.term_months,
        purpose=demand.purpose,
        collateral=frozenset(demand.collateral),
        repayment=None if demand.repayment == "any" else demand.repayment,
    )


def records_of(session: Session, now: datetime) -> BankRecords:
    rows = repository.records_of_banks(session, now - RECORD)
    return BankRecords(
        {code: late * 1000 // given for code, (given, late) in rows.items()},
        repository.last_in_rotation(session),
    )


def in_order(matches: Iterable[Match], demand: Demand, records: BankRecords) -> list[Candidate]:
    """One candidate for each bank whose product fits or may fit, in the order of asking."""

    def place(one: Match) -> tuple[Any, ...]:
        document = one.product.document
        named = demand.wanted_product == document.id or (
            demand.wanted_product is None and demand.wanted_bank == document.institution
        )
        lot = sm3(f"{demand.number}/{document.institution}/{document.id}".encode())
        if demand.routing == "rotation":
            turn = records.last_turn.get(document.institution, _NEVER)
            return (not named, one.verdict != "eligible", turn, document.rate.low_bp, lot)
        breaches = records.breach_permille.get(document.institution, 0)
        limit = one.limit_fen or 0
        return (not named, one.verdict != "eligible", document.rate.low_bp, breaches, -limit, lot)

    found: dict[str, Candidate] = {}
    fitting = [one for one in matches if one.verdict != "ineligible" and one.product.document.kind == "loan"]
    for one in sorted(fitting, key=place):
        document = one.product.document
        if document.institution not in found:
            found[document.institution] = Candidate(
                bank_code=document.institution,
                product_id=document.id,
                product_version=document.version,
                verdict="eligible" if one.verdict == "eligible" else "unknown",
                limit_fen=one.limit_fen,
            )
    return list(found.values())
