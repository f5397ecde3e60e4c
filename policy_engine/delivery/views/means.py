"""Means checks as the household reads them, and the seats that asked."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from identity.seats.naming import post_names
from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue.income import income_catalogue
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.separation import opens_file
from policy_engine.delivery.means import repository
from policy_engine.delivery.means.models import MeansCheck, MeansConsent, MeansRecording
from policy_engine.delivery.means.results import IncomeLine, MeansResult, counted, result_of
from policy_engine.delivery.means.schemas import (
    MeansMember,
    MeansSum,
    MeansView,
    Recording,
    WeighedIncome,
    Withdrawal,
)
from policy_engine.delivery.means.withdrawing import bearer_of, consequences
from policy_engine.delivery.means.witnessing import WAYS, opened
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.views.parts import clock_left, head_of

STATES = {
    "authorising": N_("等待授权"),
    "asking": N_("正在查询"),
    "done": N_("已有结果"),
    "refused": N_("有成员不同意"),
    "lapsed": N_("授权过期"),
    "withdrawn": N_("授权已撤回"),
    "closed": N_("随申请办结而停止"),
    "expired": N_("结果已过期删除"),
}
CHANNELS: dict[str, str] = {
    "app": N_("手机上"),
    "paper": WAYS["paper"],
    "thumb": WAYS["thumb"],
    "voice": WAYS["voice"],
}
SOURCES = {
    "banks": N_("银行存款"),
    "housing": N_("不动产"),
    "social_insurance": N_("工资和养老金"),
    "subsidies": N_("政府发放的补贴"),
    "tax": N_("经营所得"),
}
MOST_LISTED = 300


def own_checks(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[MeansView]:
    """Those in which one's own word is asked for; a proxy sees whether the word of whom they act for stands."""
    if principal.capacity not in ("self", "person"):
        return []
    found = repository.checks_of_member(session, principal.acting_for)
    return [_view(session, ports, one, principal, now) for one in found]


def own_check(
    session: Session, ports: Ports, check_id: uuid.UUID, principal: Principal, *, now: datetime
) -> MeansView:
    for one in own_checks(session, ports, principal, now=now):
        if one.id == check_id:
            return one
    raise NotFound(_("没有找到您要的内容。"))


def checks_at(session: Session, ports: Ports, principal: Principal, *, now: datetime) -> list[MeansView]:
    """Those of claims that the seat works on."""
    seat = principal.seat
    if seat is None:
        return []
    found = repository.in_division(session, seat.division, MOST_LISTED)
    return [
        _view(session, ports, one, principal, now) for one in found if _is_of_seat(session, one, principal)
    ]


def check_at(
    session: Session, ports: Ports, check_id: uuid.UUID, principal: Principal, *, now: datetime
) -> MeansView:
    found = repository.get_check(session, check_id)
    if found is None or not _is_of_seat(session, found, principal):
        raise NotFound(_("没有找到您要的内容。"))
    return _view(session, ports, found, principal, now)


def checks_of_claim(
    session: Session, ports: Ports, claim_id: uuid.UUID, principal: Principal, *, now: datetime
) -> list[MeansView]:
    """For the claim's file; the newest first."""
    found = [one for one in repository.of_claim(session, claim_id) if _is_of_seat(session, one, principal)]
    return [_view(session, ports, one, principal, now) for one in found]


def _is_of_seat(session: Session, check: MeansCheck, principal: Principal) -> bool:
    claim = claim_rows.get_claim(session, check.claim_id)
    seat = principal.seat
    is_working = seat is not None and any(duty.startswith("claim.") for duty in seat.duties)
    return claim is not None and is_working and opens_file(session, claim, principal)


def _view(
    session: Session, ports: Ports, check: MeansCheck, principal: Principal, now: datetime
) -> MeansView:
    claim = claim_rows.get_claim(session, check.claim_id)
    if claim is None:
        raise NotFound(_("没有找到您要的内容。"))
    consents = repository.consents(session, check.id)
    own = next((one.state for one in consents if one.subject_id == principal.acting_for), "")
    asked = repository.inquiries(session, check.id)
    is_open, is_seat = check.state in repository.OPEN, principal.seat is not None
    is_proxy = principal.is_proxy
    # A proxy may end what is done to somebody; what was found is for the household itself.
    result = None if is_proxy else result_of(ports, check)
    is_standing = check.state in (*repository.OPEN, "done")
    may_withdraw = not is_seat and own == "given" and is_standing
    may_record_withdrawal = is_seat and is_standing and any(one.state == "given" for one in consents)
    return MeansView(
        id=check.id,
        number=check.number,
        claim_id=check.claim_id,
        case_number=claim.case_number or "",
        policy=head_of(ports.terms(session, claim.policy_id, claim.policy_version)),
        subject_name=ports.people.name_of(session, claim.subject_id),
        division=check.division,
        state=check.state,
        state_label=_(STATES[check.state]),
        opened_by=post_names(session).said(check.opened_by_seat),
        opened_at=check.opened_at,
        due_on=check.due_on if is_open else None,
        working_days_left=clock_left(check.due_on, business_date(now)) if is_open else None,
        valid_until_on=check.valid_until_on,
        members=_members(session, ports, check, consents, principal),
        answered=sum(one.state != "asked" for one in asked),
        asked=len(asked),
        monthly_income_fen=result.monthly_income_fen if result is not None else None,
        assets_fen=result.assets_fen if result is not None else None,
        homes=result.homes if result is not None else None,
        sums=_sums(result) if result is not None else (),
        missing=tuple(_(SOURCES[one]) for one in result.missing) if result is not None else (),
        own_state=own,
        may_say=not is_seat and not is_proxy and check.state == "authorising" and own == "waiting",
        may_withdraw=may_withdraw,
        may_record_paper=is_seat and check.state == "authorising",
        may_record_withdrawal=may_record_withdrawal,
        consequences=consequences(session, check, claim) if may_withdraw or may_record_withdrawal else (),
    )


def _sums(result: MeansResult) -> tuple[MeansSum, ...]:
    """Test by test; of a result of before income was itemised there is nothing to show."""
    known = income_catalogue()
    return tuple(
        MeansSum(
            test=test,
            label=known.tests[test].named.said,
            counted_fen=counted(lines),
            lines=tuple(
                WeighedIncome(
                    kind=one.kind,
                    label=known.kinds[one.kind].named.said if one.kind in known.kinds else one.kind,
                    amount_fen=one.amount_fen,
                    counted_fen=one.counted_fen,
                    why=_why(one),
                )
                for one in lines
            ),
        )
        for test, lines in result.lines.items()
        if test in known.tests
    )


def _why(line: IncomeLine) -> str:
    if line.free_fen:
        return _(
            "每人每月 %(yuan)s 元以内不计入：%(source)s", yuan=f"{line.free_fen / 100:g}", source=line.source
        )
    if line.counted_fen == line.amount_fen:
        return _("没有不计入的规定，全部计入")
    return _("不计入：%(source)s", source=line.source)


def _members(
    session: Session, ports: Ports, check: MeansCheck, consents: list[MeansConsent], principal: Principal
) -> tuple[MeansMember, ...]:
    """Of another member only what they said, and how."""
    recorded = repository.recordings(session, check.id)
    is_seat = principal.seat is not None
    members = []
    for place, one in enumerate(consents):
        is_told = is_seat or one.subject_id == principal.acting_for
        members.append(
            MeansMember(
                place=place,
                name=ports.people.name_of(session, one.subject_id),
                state=one.state,
                channel=one.channel or "",
                channel_label=_(CHANNELS[one.channel]) if one.channel else "",
                reference=(one.paper or "") if is_told else "",
                witnessed=opened(ports.vault, one.id, one.witnessed_sealed) if is_told else None,
                withdrawal=_withdrawal(ports, one) if is_told else None,
                recordings=tuple(
                    _recording(row)
                    for row in recorded
                    if row.consent_id == one.id and is_told and not principal.is_proxy
                ),
                said_at=one.said_at,
            )
        )
    return tuple(members)


def _withdrawal(ports: Ports, consent: MeansConsent) -> Withdrawal | None:
    if consent.withdrawal_channel is None:
        return None
    witnessed, bearer = bearer_of(ports, consent)
    return Withdrawal(
        channel=consent.withdrawal_channel,
        channel_label=_(CHANNELS[consent.withdrawal_channel]),
        reference=consent.withdrawal_paper or "",
        witnessed=witnessed,
        bearer=bearer,
    )


def _recording(row: MeansRecording) -> Recording:
    return Recording(
        id=row.id,
        said=row.said,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256.hex(),
        sm3=row.sm3.hex(),
        uploaded_at=row.uploaded_at,
    )
