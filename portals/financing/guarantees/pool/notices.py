"""Who is told of each step of a compensation. Fixed texts: names, amounts and reasons are read inside, never in a message."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy.orm import Session

from identity.seats import repository as seats
from kernel.i18n import N_
from kernel.notices import notify
from kernel.wording import worded
from portals.financing.guarantees.pool.models import Compensation
from portals.financing.institutions import institutions, subject_of

Whom = Literal["bank", "guarantor", "holder", "officers"]


class Told(NamedTuple):
    """``whom``: everybody who has the next step, or waited for this one."""

    whom: tuple[Whom, ...]
    title: str
    body: str


_SEE = N_("点开查看证据、金额和下一步。")
TOLD: Mapping[str, Told] = {
    "request": Told(("guarantor",), N_("银行申请代偿，请核对"), _SEE),
    "compensate": Told(("bank",), N_("担保机构已代偿"), _SEE),
    "refuse": Told(("bank",), N_("担保机构未予代偿，理由见详情"), _SEE),
    "claim": Told(("officers",), N_("有新的资金池补偿申请待审核"), _SEE),
    "refuse_claim": Told(("holder",), N_("资金池退回了补偿申请，理由见详情"), _SEE),
    "pay": Told(("holder",), N_("资金池补偿已支付"), N_("请继续追偿，追回的款项按同样比例分还。")),
    "recover": Told(
        ("bank", "guarantor", "officers"),
        N_("追回了一笔款项，已按比例分还"),
        N_("点开查看各方分得的金额和还差多少。"),
    ),
    "share": Told(("bank",), N_("损失已全部追回并分还"), _SEE),
    "write_off": Told(("holder",), N_("剩余损失已核销"), _SEE),
}


def tell(session: Session, compensation: Compensation, command: str, *, now: datetime) -> None:
    """Tell whoever has the next step, or waited for this one."""
    told = TOLD.get(command)
    for whom in () if told is None else told.whom:
        _tell_side(session, compensation, command, whom, now)


def _tell_side(session: Session, compensation: Compensation, command: str, whom: Whom, now: datetime) -> None:
    told = TOLD[command]
    base = "/zhengtong/financing" if whom == "officers" else "/rongtong/bank"
    for subject_id in _readers(session, compensation, whom, now):
        notify(
            session,
            subject_id=subject_id,
            kind=f"financing.compensation_{command}",
            title=worded(told.title),
            body=worded(told.body),
            link=f"{base}/compensations/{compensation.id}",
            now=now,
        )


def holders_of(session: Session, duties: set[str], now: datetime) -> set[int]:
    """Who sits now on the city's seats with one of these duties."""
    concerned = [
        seat.seat_id
        for seat, department in seats.open_seats(session)
        if department.institution_id is None and duties.intersection(seat.duties)
    ]
    held = seats.holdings_now_or_later(session, concerned, now)
    return {one.subject_id for one in held if one.from_at <= now}


def _readers(session: Session, compensation: Compensation, whom: Whom, now: datetime) -> set[int]:
    if whom == "officers":
        return holders_of(session, {"financing.pool"}, now)
    code = compensation.bank_code if whom == "bank" else compensation.guarantor_code
    if whom == "holder":
        code = compensation.guarantor_code or compensation.bank_code
    found = subject_of(session, code) if code in institutions() else None
    return set() if found is None else {found}
