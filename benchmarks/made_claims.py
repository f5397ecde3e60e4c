"""A million claims with all that hangs on them, put into the store as fast as it makes rows.

Two hundred people are real: they confirm, seats accept, grant and refuse, the treasury and the bank (simulators) pay, and
some are left where they stand. The database then copies their rows by ``INSERT … SELECT`` over a series of numbers, each
copy for another resident of the city, in the resident's own place, with ids and numbers of its own and days spread over
the year before: so offers, claims, acts, papers, records, rights, payments, movements, entries, history, letters and
entries of the log stand in true proportion, every column, index and constraint holds, and the books balance.

What a copy cannot have: what was sealed, signed or committed to about somebody else opens and proves nothing (account
numbers, decision records, the log's commitments). The audit trail, and the outbox, which a house empties, are not copied.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import msgspec
import polars as pl
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

from benchmarks.claims_machine import Machine
from benchmarks.filling import Hand, Task, filling
from benchmarks.made_rights import AMOUNT, FIRST_PERSON, accounts, fund, settle_people
from benchmarks.simulated_world import living, open_accounts
from benchmarks.working_house import working
from kernel.clock import FixedClock
from kernel.house import House
from kernel.notices.models import Notice
from kernel.transparency import repository as log_rows
from kernel.transparency import tiles
from kernel.transparency.heads import Head
from kernel.transparency.merkle import HASHINGS
from kernel.transparency.models import LogEntry, LogHead
from licenses.log.signing import head_signer
from policy_engine.decisions.models import DecisionRecord
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims.models import Claim, StageDecision, WrittenDecision
from policy_engine.delivery.ledger.models import LedgerEntry, LedgerTransaction
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.payments.models import Payment
from policy_engine.profiles.layout import FIRST_ID
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit

#: Real people for each policy, by what becomes of them; the others are granted and paid.
EACH = 40
AT_ACCEPTANCE, AT_DECISION, REFUSED, ONLY_OFFERED, RESERVED = (0, 1), (2,), (3,), (4, 5, 6, 7), (8,)
CLAIMS_OF_EACH = EACH - len(ONLY_OFFERED)
POLICIES = tuple(
    benefit(
        id=f"made-allowance-{place}",
        title=f"试验津贴{place}号",
        benefit={"formula": "200", "period": period, "source": "notice"},
    )
    for place, period in enumerate(("once", "once", "year", "once", "year"), 1)
)
REAL = EACH * len(POLICIES)
YEAR = 365 * 86_400
ROWS_AT_ONCE = 200_000
#: A value of hundreds of millions of bytes is moved to and fro by the driver of PostgreSQL for as long as all else takes.
TILES_AT_ONCE = 200
#: What every copied entry of the log commits to, so that the tree over millions of them is grown at once.
LEAF = bytes(32)
Step = Callable[[str, float], None]


@dataclass(frozen=True)
class Copied:
    """How a table is copied: whose a row is (``owner``, after ``joins``), which ids stay the same, and which columns are
    made anew, in SQL over ``t`` (the real row), ``t.row`` (its place) and ``i`` (the copy)."""

    model: type[DeclarativeBase]
    owner: str = "t.subject_id"
    joins: str = ""
    shared: frozenset[str] = frozenset()
    anew: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> sa.Table:
        return cast(sa.Table, self.model.__table__)


_OF_CLAIM = "JOIN claim ON claim.id = t.claim_id"
_OF_PAYMENT = "JOIN payment ON payment.id = {}.payment_id"
#: Parents before children: the tables refer to each other.
TABLES = (
    Copied(PayeeAccount, anew={"number_index": "{index}"}),
    Copied(Offer),
    Copied(Claim, anew={"case_number": "substr(t.case_number, 1, 16) || 'm' || t.row || 'x' || c.i"}),
    Copied(StageDecision, "claim.subject_id", _OF_CLAIM),
    Copied(
        WrittenDecision,
        "claim.subject_id",
        _OF_CLAIM,
        anew={"number": "substr(t.number, 1, 18) || 'm' || t.row || 'x' || c.i"},
    ),
    Copied(DecisionRecord),
    Copied(
        Award, shared=frozenset({"next_due_on"})
    ),  # what was due before was seen to, as in a house that works
    Copied(
        Payment,
        shared=frozenset({"budget_id", "batch_id"}),
        anew={"instruction_id": "{moved:instruction_id}"},
    ),
    Copied(
        LedgerTransaction,
        "payment.subject_id",
        _OF_PAYMENT.format("t"),
        frozenset({"budget_id"}),
        {"reference": "{moved:reference}"},
    ),
    Copied(
        LedgerEntry,
        "payment.subject_id",
        "JOIN ledger_transaction AS x ON x.id = t.transaction_id " + _OF_PAYMENT.format("x"),
        frozenset({"account_id"}),
    ),
    Copied(CaseEvent),
    Copied(Notice, anew={"check_number": "'m' || t.row || 'x' || c.i", "summon_at": "NULL"}),
    Copied(
        LogEntry,
        "coalesce(payment.subject_id, r.subject_id)",
        "LEFT JOIN ledger_transaction AS x ON x.id = t.record_id LEFT "
        + _OF_PAYMENT.format("x")
        + " LEFT JOIN decision_record AS r ON r.id = t.record_id",
        anew={"leaf_index": "c.i * {records} + t.row", "commitment": "{leaf}"},
    ),
)


def residents_with_claims(claims: int) -> int:
    """How many residents, the first of the city, ``make_claims`` takes for so many claims."""
    return -(-claims // (CLAIMS_OF_EACH * len(POLICIES))) * REAL


def make_claims(house: House, port: int, claims: int, *, step: Step, seconds: float = float("inf")) -> int:
    """So many claims of residents of a loaded city, or as many as can be made in so many seconds; how many there are. The
    simulators live at the port of the house."""
    copies = -(-claims // (CLAIMS_OF_EACH * len(POLICIES))) - 1
    step("two hundred real ones", 0)
    _go_through(house, port, copies + 1)
    copying = _Copying(house, copies)
    until = time.monotonic() + seconds
    with filling(house) as hands:
        copying.prepare(hands.first)
        with hands.without_indices([one.table.name for one in TABLES]):
            hands.each(copying.tasks(until, step))
            step("indices of claims", 0)
        step("balances", 0)
        copying.finish(hands.first)
    with house.database.write(timeout=600) as session:
        copying.grow(session)
    return (copying.done + 1) * CLAIMS_OF_EACH * len(POLICIES)


def _go_through(house: House, port: int, copies: int) -> None:
    """The real ones, through the machine."""
    now = house.clock.now()
    works = Works(house, FixedClock(now))
    settle_people(house, REAL, now=now)
    for policy in POLICIES:
        works.publish(policy, permille=1000)
        fund(house, 2 * EACH * copies * AMOUNT, now=now, policy_id=policy.id)
    with tempfile.TemporaryDirectory() as world_home:
        open_accounts(Path(world_home), accounts(REAL))
        with living(Path(world_home), house.settings.home, port), working(house):
            for place, policy in enumerate(POLICIES):
                _through_policy(Machine(house, policy), FIRST_PERSON + place * EACH)


def _through_policy(machine: Machine, first: int) -> None:
    people = range(first, first + EACH)
    machine.offer(people)
    granted = []
    for number, one in enumerate(people):
        if number in ONLY_OFFERED:
            continue
        claim = machine.confirm(one)
        if number in AT_ACCEPTANCE:
            continue
        machine.act(claim, "accept")
        if number in REFUSED:
            machine.act(claim, "refuse")
        elif number not in AT_DECISION:
            payment = machine.act(claim, "grant")
            if number not in RESERVED:
                granted.append((one, payment))
    machine.approve([payment for _, payment in granted])
    machine.until_paid([one for one, _ in granted])


class _Copying:
    """Copies of the real rows, numbered from 0; in each, everybody is another resident."""

    def __init__(self, house: House, copies: int) -> None:
        self._house, self._copies = house, copies
        self._is_sqlite = house.database.is_sqlite
        self._records = 0
        self._at_once = 1
        self.done = 0

    def prepare(self, hand: Hand) -> None:
        """The real rows apart, numbered, each with whose it is; of each copy what is the same in all its rows; and where
        each resident is dealt with."""
        counted = 0
        for one in TABLES:
            name = one.table.name
            hand.run(f"DROP TABLE IF EXISTS made_{name}")
            hand.run(_template(one))
            counted += _count(hand, f"made_{name}")
        self._records = _count(hand, "made_log_entry")
        self._at_once = max(1, ROWS_AT_ONCE // counted)
        hand.run("DROP TABLE IF EXISTS made_copy")
        hand.run("CREATE TABLE made_copy (i bigint PRIMARY KEY, moment text, d0 text, d1 text, d2 text)")
        columns = {"i": pl.Int64(), **dict.fromkeys(("moment", "d0", "d1", "d2"), pl.String())}
        rows = [self._copy_row(number) for number in range(self._copies)]
        hand.put("made_copy", pl.DataFrame(rows, schema=columns))

    def _copy_row(self, number: int) -> dict[str, object]:
        """``moment`` begins its ids: the first twelve digits of a UUID version 7, in order. ``d0`` to ``d2`` are the days on
        which it happened: what is over, what is under way, what was only offered."""
        today = self._house.clock.now()
        begins = int((today - timedelta(days=400)).timestamp() * 1000)
        each = YEAR // max(1, self._copies)
        ages = ((self._copies - number) * each // 86_400, number % 15, number % 60)
        days = {f"d{place}": f"{today - timedelta(days=age):%Y-%m-%d}" for place, age in enumerate(ages)}
        return {"i": number, "moment": f"{begins + number * 5000:012x}", **days}

    def tasks(self, until: float, step: Step) -> Iterator[Task]:
        """A few copies each, until all are made or the time is over."""
        while self.done < self._copies and time.monotonic() < until:
            step("their copies", self.done / self._copies)
            first, self.done = self.done, min(self.done + self._at_once, self._copies)
            yield lambda hand, first=first, last=self.done - 1: self._copy(hand, first, last)  # type: ignore[misc]

    def _copy(self, hand: Hand, first: int, last: int) -> None:
        for one in TABLES:
            hand.run(f"{self._statement(one)} WHERE c.i BETWEEN {first} AND {last}")

    def finish(self, hand: Hand) -> None:
        """Balances as the entries say, the batches' own counts, and nothing left of the templates."""
        for account_id, total in hand.run(
            "SELECT account_id, sum(amount_fen) FROM ledger_entry GROUP BY account_id"
        ):
            hand.run(f"UPDATE ledger_account SET balance_fen = {int(total)} WHERE id = '{account_id}'")  # noqa: S608
        times = self.done + 1
        hand.run(
            f"UPDATE payment_batch SET payment_count = payment_count * {times}, total_fen = total_fen * {times}"  # noqa: S608
        )
        if self._is_sqlite:  # where references were not looked at, row by row
            for name in ("claim", "award", "payment", "ledger_transaction"):
                broken = hand.run(f"PRAGMA foreign_key_check({name})")
                if broken:
                    raise AssertionError(broken[0])
        for name in ("copy", "subject", *(one.table.name for one in TABLES)):
            hand.run(f"DROP TABLE made_{name}")

    def _statement(self, one: Copied) -> str:
        columns = [
            column for column in one.table.columns if one.model is WrittenDecision or column.name != "number"
        ]
        names = ", ".join(f'"{column.name}"' for column in columns)
        values = ", ".join(self._value(one, column) for column in columns)
        return (
            f"INSERT INTO {one.table.name} ({names}) SELECT {values}"  # noqa: S608
            f" FROM made_copy AS c CROSS JOIN made_{one.table.name} AS t"
        )

    def _value(self, one: Copied, column: sa.Column[object]) -> str:
        name = column.name
        if name in one.anew:
            return self._made(one.anew[name])
        if name in ("subject_id", "applicant_id", "payee_id", "unit_id"):
            return self._resident
        if name == "division":
            return f"(SELECT m.division FROM made_subject AS m WHERE m.subject_id = {self._resident})"  # noqa: S608
        if name in one.shared:
            return f"t.{name}"
        if isinstance(column.type, sa.Uuid):
            return self._moved(name, is_id=True)
        kind = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
        if isinstance(kind, sa.DateTime):
            return self._earlier(name)
        if isinstance(kind, sa.Date):
            return self._earlier_day(name)
        return f't."{name}"'

    @property
    def _resident(self) -> str:
        return f"({FIRST_ID['person']} + t.k * {self._copies} + c.i)"

    def _earlier(self, name: str) -> str:
        """The same time of another day."""
        day = "CASE t.age WHEN 0 THEN c.d0 WHEN 1 THEN c.d1 ELSE c.d2 END"
        if self._is_sqlite:
            return f"{day} || substr(t.{name}, 11)"
        return f"t.{name} - (date_trunc('day', now()) - CAST({day} AS timestamptz))"

    def _earlier_day(self, name: str) -> str:
        day = "CASE t.age WHEN 0 THEN c.d0 WHEN 1 THEN c.d1 ELSE c.d2 END"
        if self._is_sqlite:
            return f"date(julianday(t.{name}) - julianday('now', 'start of day') + julianday({day}))"
        return f"t.{name} - (current_date - CAST({day} AS date))"

    def _moved(self, name: str, *, is_id: bool) -> str:
        if self._is_sqlite:
            return f"c.moment || substr(t.{name}, 13)"
        text = f"replace(CAST(t.{name} AS text), '-', '')" if is_id else f"t.{name}"
        made = f"c.moment || substr({text}, 13)"
        return f"CAST({made} AS uuid)" if is_id else made

    def _made(self, written: str) -> str:
        if written.startswith("{moved:"):
            return self._moved(written[7:-1], is_id=False)
        if written == "{index}":
            if self._is_sqlite:
                return f"CAST(printf('%032d', {self._resident}) AS BLOB)"
            return f"convert_to(lpad(CAST({self._resident} AS text), 32, '0'), 'UTF8')"
        leaf = "zeroblob(32)" if self._is_sqlite else "decode(repeat('00', 32), 'hex')"
        return written.format(records=self._records, leaf=leaf)

    def grow(self, session: Session) -> None:
        """The tree over leaves that are all alike: every whole node of a level is the same, and so is every whole tile."""
        size = self.done * self._records
        hashing = HASHINGS["sha-256"]
        node, level, count = hashing.leaf(LEAF), 0, size
        while count:
            nodes = [node]
            for _ in range(tiles.HEIGHT - 1):
                nodes.append(hashing.node(nodes[-1], nodes[-1]))
            whole, rest = divmod(count, 1 << tiles.HEIGHT)
            base = level << 48
            alike = _tile(nodes, 1 << tiles.HEIGHT)
            for first in range(0, whole, TILES_AT_ONCE):
                places = range(first, min(first + TILES_AT_ONCE, whole))
                log_rows.keep_tiles(session, {base | place: alike for place in places})
            if rest:
                log_rows.keep_tiles(session, {base | whole: _tile(nodes, rest)})
            node, level, count = hashing.node(nodes[-1], nodes[-1]), level + 1, whole
        edge = log_rows.tiles(session, tiles.edge_places(size))
        root, now = tiles.hash_of(edge, (0, size), hashing), self._house.clock.now()
        address = f"{self._house.settings.base_url}/licenses/log"
        payload = msgspec.json.encode(Head(log=address, hash="sha-256", size=size, root=root.hex(), at=now))
        signed = head_signer(self._house)(session, payload)
        seal = bytes.fromhex(signed.sm2)
        session.add(LogHead(size=size, root=root, jws=signed.jws, sm2_signature=seal, signed_at=now))


def _count(hand: Hand, table: str) -> int:
    return int(hand.run(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608


def _tile(nodes: Sequence[bytes], count: int) -> bytes:
    """A tile with so many nodes at its foot."""
    width = 1 << tiles.HEIGHT
    return b"".join(
        (node * (count >> step)).ljust((width >> step) * tiles.HASH_BYTES, b"\0")
        for step, node in enumerate(nodes)
    )


def _template(one: Copied) -> str:
    """A table of the real rows: whose each is (``k``), its place (``row``), and how old its copies are (``age``)."""
    under_way = ", ".join(map(str, (*AT_ACCEPTANCE, *AT_DECISION, *RESERVED)))
    offered = ", ".join(map(str, ONLY_OFFERED))
    whose = f"({one.owner} - {FIRST_PERSON})"
    return (
        f"CREATE TABLE made_{one.table.name} AS SELECT t.*, {whose} AS k,"  # noqa: S608
        f" CASE WHEN {whose} % {EACH} IN ({under_way}) THEN 1 WHEN {whose} % {EACH} IN ({offered}) THEN 2 ELSE 0 END AS age,"
        f" row_number() OVER (ORDER BY t.{_key(one)}) - 1 AS row FROM {one.table.name} AS t {one.joins}"
        f" WHERE {one.owner} BETWEEN {FIRST_PERSON} AND {FIRST_PERSON + REAL - 1}"
    )


def _key(one: Copied) -> str:
    keys: Sequence[sa.Column[object]] = list(one.table.primary_key.columns)
    return keys[0].name
