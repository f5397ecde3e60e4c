"""What delivery asks of others: wired by the composition root, played by small classes in the tests.

Calls that take a ``Session`` run inside the caller's transaction and must not leave the house; the others go outside
and are never called while a transaction is open.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

import msgspec
from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.web.principal import SeatView
from policy_engine.catalogue import Attribute
from policy_engine.decisions.models import DecisionRecord
from policy_engine.decisions.record import DecisionFile, Deed
from policy_engine.decisions.service import Matter
from policy_engine.delivery.reconciliation.comparing import BankLine
from policy_engine.delivery.terms import Terms


class Facts(msgspec.Struct, frozen=True):
    """Facts as they stood at a sequence; missing keys are unknown, null is known to be none."""

    values: Mapping[str, Any]
    sequence: int


class TermsSource(Protocol):
    def __call__(self, session: Session, policy_id: str, version: int | None = None) -> Terms:
        """The terms of a version, or of the effective one. Raises ``NotFound``."""
        ...


class Household(msgspec.Struct, frozen=True):
    """A household's number, and itself with its members: whose payments count against its cap."""

    id: int
    subject_ids: frozenset[int]


class HeldSeat(msgspec.Struct, frozen=True):
    """A post, and who sits or acts there now."""

    seat: SeatView
    holders: tuple[int, ...]


class People(Protocol):
    """Who people are to each other, from the registry and the profiles; and who sits on which post."""

    def held_seats(self, session: Session, now: datetime) -> Sequence[HeldSeat]:
        """Every post of the city that somebody sits on."""
        ...

    def name_of(self, session: Session, subject_id: int) -> str: ...

    def identifier_of(self, session: Session, subject_id: int) -> str:
        """The number by which departments know a person."""
        ...

    def names_of(self, session: Session, subject_ids: Collection[int]) -> Mapping[int, str]:
        """The same of many."""
        ...

    def division_of(self, session: Session, subject_id: int) -> str:
        """The code by which the affairs of a subject are routed (hukou, or a firm's seat), nine or six digits."""
        ...

    def divisions_of(self, session: Session, subject_ids: Collection[int]) -> Mapping[int, str]:
        """The same of many; who has no profile is left out."""
        ...

    def guardians_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        """Who acts for a subject by law: a minor's parents or guardians, a household's adult members; else empty."""
        ...

    def wards_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        """The other way round: the minors and the household a person acts for by law."""
        ...

    def minors_among(self, session: Session, subject_ids: Collection[int], on: date) -> frozenset[int]:
        """Those under eighteen."""
        ...

    def units_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        """For whom or what a subject may ask besides itself: its minor children, a firm's hires and loans."""
        ...

    def family_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        """The grown-ups of a person's household, parents and children, alive: who settles a dead person's affairs."""
        ...

    def dead_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        """The other way round: the dead whose affairs a person settles."""
        ...

    def household_of(self, session: Session, subject_id: int) -> Household:
        """The household a subject lives in; a subject without one, or a firm, stands for itself."""
        ...

    def recipients_of(
        self, session: Session, subject_ids: Collection[int], on: date
    ) -> Mapping[int, frozenset[int]]:
        """Whose inboxes hear of each one's affairs: the person, those who act for it by law, a firm's own inbox."""
        ...


class FactsSource(Protocol):
    def __call__(self, session: Session, subject_id: int, unit_id: int) -> Facts: ...


class Recheck(msgspec.Struct, frozen=True, kw_only=True):
    """What a pinned version gives on today's facts."""

    verdict: Literal["eligible", "unknown", "ineligible"]
    amount_fen: int | None
    sequence: int
    missing: tuple[str, ...] = ()
    #: At most so many periods (失业保险金: 12, 18 or 24 months); null where the right has no end of its own.
    periods: int | None = None


class Reevaluate(Protocol):
    def __call__(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, on: date
    ) -> Recheck: ...


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a pinned version gives for somebody on a day."""

    policy_id: str
    version: int
    subject_id: int
    unit_id: int
    on: date


class ReevaluateMany(Protocol):
    def __call__(self, session: Session, questions: Sequence[Question]) -> list[Recheck]:
        """``Reevaluate`` for many at once; the answers in the order of the questions."""
        ...


class ClauseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One clause as its reader may see it: another person's facts only as met, not met or needed.

    ``in_words`` is its condition as a sentence, ``gap`` when time alone changes it; both in the reader's language.
    """

    text: str
    truth: Literal["met", "not_met", "needed"]
    value: str = ""
    source: str = ""
    legal_basis: str = ""
    in_words: str = ""
    gap: str = ""


class Explain(Protocol):
    def __call__(
        self, session: Session, policy_id: str, version: int, subject_id: int, unit_id: int, reader_id: int
    ) -> tuple[ClauseLine, ...]: ...


class Records(Protocol):
    """Signs and keeps what was offered and decided, inside the caller's transaction; hands it out again."""

    def issue(
        self, session: Session, matter: Matter, deed: Deed, reasons: str, *, now: datetime
    ) -> object: ...

    def file(
        self, session: Session, row: DecisionRecord, may_read: Callable[[int, int, Attribute], bool]
    ) -> DecisionFile: ...


class AccountCheck(Protocol):
    """Asks the bank; raises ``OutsideFailure``. Outside: never inside a transaction."""

    def check(
        self, *, bank: str, number: str, holder: str, holder_id: int
    ) -> Literal["match", "mismatch", "closed"]: ...


class PaymentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``instruction_id`` is the idempotency key: the treasury acts on it once, however often it comes."""

    instruction_id: str
    amount_fen: int
    bank: str
    number: str
    holder: str
    #: The holder's subject number, from which the adapter finds the identifier the treasury wants.
    holder_id: int
    purpose: str
    appropriation: str


class TreasuryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["accepted", "sent_to_bank", "paid", "returned", "refused"]
    reference: str = ""
    reason: str = ""


class Treasury(Protocol):
    """Raises ``OutsideTimeout`` when nobody knows, ``OutsideUnavailable`` when nothing was done, ``OutsideRefused``."""

    def submit(self, order: PaymentOrder) -> TreasuryAnswer: ...

    def query(self, instruction_id: str) -> TreasuryAnswer | None:
        """What became of an order; null when the treasury never saw it."""
        ...

    def submit_many(self, orders: Sequence[PaymentOrder]) -> Mapping[str, TreasuryAnswer]:
        """A batch message: an answer for each order by its key, a refusal of one among them.

        Raises like ``submit`` where there is no answer at all; ``OutsideRefused`` says that the message as such was
        not taken, and nothing was done.
        """
        ...

    def query_many(self, instruction_ids: Sequence[str]) -> Mapping[str, TreasuryAnswer]:
        """What became of orders, without those that the treasury never saw."""
        ...


#: Who is asked about a household's means; the names are those of the means-test centre.
MEANS_SOURCES = ("banks", "housing", "social_insurance", "subsidies", "tax")


class MeansInquiryOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One person at one source; ``number`` is the key by which it is asked once."""

    number: str
    source: str
    id_number: str
    name: str
    consent: str
    purpose: str


class IncomePart(msgspec.Struct, frozen=True):
    """What somebody has of one kind of income (``catalogue/income.yaml``) in a month."""

    kind: str
    amount_fen: int


class MeansAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``income`` itemises ``monthly_income_fen``; what it leaves over is of a kind that nobody named."""

    monthly_income_fen: int = 0
    income: tuple[IncomePart, ...] = ()
    assets_fen: int = 0
    homes: int = 0


class MeansSystems(Protocol):
    """The means-test centre; null while a source has not answered. Outside: raises ``OutsideFailure``."""

    def submit(self, order: MeansInquiryOrder) -> MeansAnswer | None: ...

    def query(self, number: str) -> MeansAnswer | None: ...


class Statements(Protocol):
    """The bank's bookings of one day (Asia/Shanghai), whole and in order. Outside: raises ``OutsideFailure``."""

    def of_day(self, day: date) -> Sequence[BankLine]: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a transaction of delivery may ask; the two outside systems are given to the jobs alone."""

    terms: TermsSource
    people: People
    facts: FactsSource
    reevaluate: Reevaluate
    reevaluate_many: ReevaluateMany
    explain: Explain
    records: Records
    vault: Vault
