"""People of sixty and more with a right to a monthly payment and a checked account, written fast.

Every value is of the kind the service writes: sealed accounts open, facts judge, claims and awards are whole. The ways
that led there (offer, confirmation, decision) are not written: that is what ``claims_through`` measures.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

import sqlalchemy as sa

from benchmarks.simulated_world import BANK
from kernel.bulk import insert_rows
from kernel.clock import business_date
from kernel.house import House
from kernel.ids import new_id
from kernel.web.principal import Principal, SeatView
from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.accounts.service import index_of, masked
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims.models import Claim
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.models import Profile
from tests.policy_engine.policies.documents import benefit

POLICY = benefit(
    id="elder-allowance",
    title="高龄补贴",
    benefit={"formula": "if 年龄 >= 90 then 300 else 200", "period": "month", "source": "notice"},
)
CITY, STREET, DISTRICT = "420200", "420203007", "420203"
FIRST_PERSON, FIRST_HOME = 10_000_000, 20_000_000
AMOUNT = 20_000
CHUNK = 20_000
_PROFILE = ("subject_id", "kind", "owner_id", "about_id", "division", "facts", "sequence")
_ACCOUNT = (
    "id",
    "subject_id",
    "bank",
    "masked",
    "number_sealed",
    "number_index",
    "holder_sealed",
    "source",
    "is_default",
    "checked_at",
    "check_result",
    "usable_from_at",
    "created_at",
)
_CLAIM = (
    "id",
    "policy_id",
    "policy_version",
    "subject_id",
    "applicant_id",
    "payee_id",
    "unit_id",
    "account_id",
    "channel",
    "mode",
    "division",
    "state",
    "stages",
    "stage_index",
    "amount_fen",
    "facts",
    "facts_sequence",
    "declared",
    "evidence",
    "is_held",
    "round",
    "qualified_on",
    "submitted_at",
    "decided_at",
    "created_at",
    "updated_at",
)
_AWARD = (
    "id",
    "claim_id",
    "policy_id",
    "policy_version",
    "subject_id",
    "applicant_id",
    "payee_id",
    "unit_id",
    "account_id",
    "division",
    "state",
    "amount_fen",
    "period",
    "starts_on",
    "next_due_on",
    "facts",
    "sequence",
    "recognised_at",
    "updated_at",
)


def accounts(count: int, *, first: int = 0) -> Iterator[tuple[str, str]]:
    """(number, holder) of each, as the bank knows them too."""
    for place in range(first, first + count):
        yield f"622202{place:013d}", f"某{place}"


def settle_people(
    house: House,
    count: int,
    *,
    now: datetime,
    first: int = 0,
    has_accounts: bool = True,
    street_of: Callable[[int], str] = lambda _place: STREET,
    born: Callable[[int], str] = lambda _place: "1950-01-01",
) -> None:
    """Homes of one, of whom the birth date is known, each with a checked account where asked for."""
    with house.database.write() as session:
        sequence = profiles.lock_sequence(session) + 1
        profiles.set_sequence(session, sequence)
    known = dict(enumerate(accounts(count, first=first), first))
    for begin in range(first, first + count, CHUNK):
        places = range(begin, min(begin + CHUNK, first + count))
        with house.database.write() as session:
            homes = [
                (FIRST_HOME + one, "household", FIRST_HOME + one, None, street_of(one), {}, sequence)
                for one in places
            ]
            people = [
                (
                    *(FIRST_PERSON + one, "person", FIRST_HOME + one, None, street_of(one)),
                    {"birth_date": [born(one), "public_security", now]},
                    sequence,
                )
                for one in places
            ]
            insert_rows(session, Profile, _PROFILE, homes + people)
            if has_accounts:
                rows = [_account(house, one, *known[one], now) for one in places]
                insert_rows(session, PayeeAccount, _ACCOUNT, rows)


def _account(house: House, place: int, number: str, holder: str, now: datetime) -> tuple[object, ...]:
    account_id = new_id()
    return (
        account_id,
        FIRST_PERSON + place,
        BANK,
        masked(number),
        house.vault.seal(number, context=f"payee_account/number_sealed/{account_id}"),
        index_of(house.vault, number),
        house.vault.seal(holder, context=f"payee_account/holder_sealed/{account_id}"),
        "social_card",
        True,
        now,
        "match",
        now,
        now,
    )


def give_rights(
    house: House,
    count: int,
    *,
    now: datetime,
    first: int = 0,
    has_accounts: bool = True,
    street_of: Callable[[int], str] = lambda _place: STREET,
    is_funded: bool = False,
) -> None:
    """To each from ``first`` on, up to ``count``, a granted claim and an active award whose payment is due this month; and
    money for all, unless there is."""
    month = business_date(now).replace(day=1)
    no_stages: list[object] = []
    people = range(FIRST_PERSON + first, FIRST_PERSON + count)
    theirs = PayeeAccount.subject_id.between(people.start, people.stop - 1)
    with house.database.read() as session:
        rows = session.execute(sa.select(PayeeAccount.subject_id, PayeeAccount.id).where(theirs))
        found: dict[int, object] = {row.subject_id: row.id for row in rows}
    for begin in range(0, len(people), CHUNK):
        claims: list[tuple[object, ...]] = []
        awards: list[tuple[object, ...]] = []
        for person in people[begin : begin + CHUNK]:
            account = found[person] if has_accounts else None
            claim, street = new_id(), street_of(person - FIRST_PERSON)
            parties = (person, person, person, person, account)
            claims.append(
                (
                    *(
                        claim,
                        POLICY.id,
                        1,
                        *parties,
                        "self",
                        "one_tap",
                        street,
                        "granted",
                        no_stages,
                        0,
                        AMOUNT,
                    ),
                    *({}, 1, {}, no_stages, False, 1, month, now, now, now, now),
                )
            )
            awards.append(
                (
                    *(new_id(), claim, POLICY.id, 1, *parties, street, "active", AMOUNT),
                    *("month", month, month, {}, 1, now, now),
                )
            )
        with house.database.write() as session:
            insert_rows(session, Claim, _CLAIM, claims)
            insert_rows(session, Award, _AWARD, awards)
    if not is_funded:
        fund(house, count * AMOUNT * 2, now=now)


def fund(house: House, amount_fen: int, *, now: datetime, policy_id: str = POLICY.id) -> None:
    with house.database.write() as session:
        service.open_budget(
            session,
            policy_id=policy_id,
            division=CITY,
            year=business_date(now).year,
            appropriation="2081001",
            kind="entitlement",
            amount_fen=amount_fen,
            now=now,
        )


def official(number: int, *duties: str, division: str = CITY, department: str = "财政局") -> Principal:
    """Somebody on a seat of their own."""
    seat = SeatView(
        id=number * 10, title="专责岗", division=division, department=department, duties=frozenset(duties)
    )
    return Principal(
        subject_id=number,
        name=f"经办{number}",
        capacity="seat",
        acting_for=number,
        acting_for_name=f"经办{number}",
        seat=seat,
        scopes=frozenset(),
        acr="3",
        client_id="zhengtong",
        grant_id=new_id(),
    )


def person(number: int) -> Principal:
    """Somebody for themselves."""
    return Principal(
        subject_id=number,
        name=f"某{number}",
        capacity="self",
        acting_for=number,
        acting_for_name=f"某{number}",
        seat=None,
        scopes=frozenset({"claims"}),
        acr="2",
        client_id="tong",
        grant_id=new_id(),
    )
