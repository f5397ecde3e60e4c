"""Compensations and the pool as their readers see them."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.crypto import Vault
from kernel.i18n import N_
from kernel.i18n import gettext as _
from portals.financing.guarantees.pool import repository
from portals.financing.guarantees.pool.books import MONEY
from portals.financing.guarantees.pool.models import BankCap, Compensation, Pool
from portals.financing.guarantees.pool.rules import PARTIES, PARTY_LABELS, rule_of
from portals.financing.guarantees.pool.schemas import Paper
from portals.financing.guarantees.pool.states import BY, LABELS, CompensationState, Side, may
from portals.financing.institutions import institution

KINDS = {
    "fund": N_("资金入池"),
    "fund_fees": N_("担保降费资金入账"),
    "lower_fee": N_("担保费补贴"),
    "claim": N_("补偿预留"),
    "release": N_("退回预留"),
    "pay": N_("支付补偿"),
    "recover": N_("追回分还"),
    "write_off": N_("核销损失"),
}
STEPS = {
    "request": N_("银行申请代偿"),
    "compensate": N_("担保机构已代偿"),
    "refuse": N_("担保机构未予代偿"),
    "claim": N_("申请资金池补偿"),
    "refuse_claim": N_("资金池退回申请"),
    "pay": N_("资金池已支付"),
    "recover": N_("登记追回款"),
    "share": N_("全部追回，分还完毕"),
    "write_off": N_("核销损失"),
}


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a party bore at first and bears now."""

    party: str
    label: str
    permille: int
    borne_fen: int
    left_fen: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    command: str
    label: str
    by_name: str
    amount_fen: int | None
    note: str


class CompensationView(msgspec.Struct, frozen=True, kw_only=True):
    """One compensation. ``commands`` may be done now by the reader's side."""

    id: uuid.UUID
    number: str
    loan_id: uuid.UUID
    firm_name: str
    bank_code: str
    bank_name: str
    guarantor_name: str
    state: str
    state_label: str
    loss_fen: int
    recovered_fen: int
    overdue_since: date
    requested_at: datetime
    reason: str
    papers: tuple[Paper, ...]
    shares: tuple[Share, ...]
    commands: tuple[str, ...]
    history: tuple[Step, ...]


class CapView(msgspec.Struct, frozen=True, kw_only=True):
    bank_code: str
    bank_name: str
    year: int
    covered_fen: int
    cap_fen: int
    used_fen: int
    left_fen: int
    stopped_at: datetime | None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One booking: ``amount_fen`` is what moved of the pool's own money; who bears what of a loss is in ``entries``."""

    at: datetime
    kind: str
    label: str
    note: str
    entries: dict[str, int]
    amount_fen: int


class PoolView(msgspec.Struct, frozen=True, kw_only=True):
    """A pool with its balances, caps and latest movements."""

    pool: str
    title: str
    is_demonstration: bool
    overdue_days: int
    cap_permille: int
    balances: dict[str, int]
    caps: tuple[CapView, ...]
    movements: tuple[Movement, ...]


def compensation_views(
    session: Session, rows: Sequence[Compensation], *, side: Side, institution_code: str | None, vault: Vault
) -> list[CompensationView]:
    names = registry.describe(session, {one.firm_id for one in rows}, vault=vault)
    return [
        _view(
            session,
            one,
            names[one.firm_id].name if one.firm_id in names else "",
            _commands(one, side, institution_code),
        )
        for one in rows
    ]


def pool_view(session: Session, pool: Pool) -> PoolView:
    rule = rule_of(pool.code)
    return PoolView(
        pool=pool.code,
        title=rule.name,
        is_demonstration=rule.is_demonstration,
        overdue_days=rule.overdue_days,
        cap_permille=rule.bank_cap_permille,
        balances=repository.balances(session, pool.id),
        caps=tuple(_cap(one) for one in repository.caps(session, pool.id)),
        movements=tuple(
            Movement(
                at=one.booked_at,
                kind=one.kind,
                label=_(KINDS[one.kind]),
                note=one.note,
                entries=dict(entries),
                amount_fen=sum(fen for name, fen in entries.items() if fen > 0 and name in MONEY),
            )
            for one, entries in repository.transactions(session, pool.id, limit=50)
        ),
    )


def _view(session: Session, one: Compensation, firm_name: str, commands: tuple[str, ...]) -> CompensationView:
    rule = rule_of(one.rule_code, one.rule_version)
    permille = rule.shares(has_guarantor=one.guarantor_code is not None)
    return CompensationView(
        id=one.id,
        number=one.number,
        loan_id=one.loan_id,
        firm_name=firm_name,
        bank_code=one.bank_code,
        bank_name=institution(one.bank_code).title,
        guarantor_name="" if one.guarantor_code is None else institution(one.guarantor_code).title,
        state=one.state,
        state_label=_(LABELS[CompensationState(one.state)]),
        loss_fen=one.loss_fen,
        recovered_fen=one.recovered_fen,
        overdue_since=one.overdue_since,
        requested_at=one.requested_at,
        reason=one.reason,
        papers=tuple(msgspec.convert(paper, Paper) for paper in one.evidence),
        shares=tuple(
            Share(
                party=party,
                label=_(PARTY_LABELS[party]),
                permille=permille[party],
                borne_fen=one.shares.get(party, 0),
                left_fen=one.borne.get(party, 0),
            )
            for party in PARTIES
            if permille.get(party)
        ),
        commands=commands,
        history=tuple(
            Step(
                at=event.at,
                command=event.command,
                label=_(STEPS[event.command]),
                by_name=event.by_name,
                amount_fen=event.amount_fen,
                note=event.note,
            )
            for event in repository.events_of(session, one.id)
        ),
    )


def _commands(one: Compensation, side: Side, institution_code: str | None) -> tuple[str, ...]:
    holder = one.guarantor_code or one.bank_code
    state = CompensationState(one.state)
    return tuple(
        command
        for command, sides in BY.items()
        if side in sides
        and may(state, command)
        and (command not in ("claim", "recover") or institution_code == holder)
    )


def _cap(one: BankCap) -> CapView:
    return CapView(
        bank_code=one.bank_code,
        bank_name=institution(one.bank_code).title,
        year=one.year,
        covered_fen=one.covered_fen,
        cap_fen=one.cap_fen,
        used_fen=one.used_fen,
        left_fen=one.cap_fen - one.used_fen,
        stopped_at=one.stopped_at,
    )
