"""The bank asks to be compensated: for a loan overdue long enough, with its evidence, once. Never commits."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from policy_engine.delivery.cases.repository import next_in_series
from portals.financing.guarantees.pool import repository
from portals.financing.guarantees.pool.models import Compensation
from portals.financing.guarantees.pool.rules import PoolRule, rule_of
from portals.financing.guarantees.pool.schemas import Hand, OverdueLoan, Paper
from portals.financing.guarantees.pool.states import CompensationState as S
from portals.financing.guarantees.pool.stepping import note, require_side

_MOST_PAPERS = 20


def request(
    session: Session, loan: OverdueLoan, papers: Sequence[Paper], *, pool_code: str, by: Hand, now: datetime
) -> Compensation:
    """The bank asks to be compensated. Raises ``Conflict`` before the rule's days of overdue have passed, or twice."""
    require_side("request", by)
    if by.institution != loan.bank_code:
        raise NotFound(_("没有找到这笔贷款。"))
    rule = rule_of(pool_code)
    _require_ripe(rule, loan, now)
    _require_papers(papers)
    pool = repository.pool_named(session, pool_code)
    if pool is None:
        raise NotFound(_("没有找到这个资金池。"))
    compensation = _new(session, rule, pool.id, loan, papers, now)
    try:
        with session.begin_nested():
            session.add(compensation)
    except IntegrityError as clash:
        raise Conflict(_("这笔贷款已经申请过代偿，请在列表中查看进展。")) from clash
    note(session, compensation, "request", loan.owed_fen, by, now)
    return compensation


def _new(
    session: Session,
    rule: PoolRule,
    pool_id: uuid.UUID,
    loan: OverdueLoan,
    papers: Sequence[Paper],
    now: datetime,
) -> Compensation:
    day = business_date(now)
    serial = next_in_series(session, f"compensation/{day:%Y%m%d}")
    has_guarantor = loan.guarantor_code is not None
    return Compensation(
        id=new_id(),
        number=f"DC{day:%Y%m%d}{serial:05d}",
        pool_id=pool_id,
        rule_code=rule.id,
        rule_version=rule.version,
        loan_id=loan.loan_id,
        firm_id=loan.firm_id,
        bank_code=loan.bank_code,
        guarantor_code=loan.guarantor_code,
        loss_fen=loan.owed_fen,
        recovered_fen=0,
        overdue_since=loan.overdue_since,
        evidence=[msgspec.to_builtins(paper) for paper in papers],
        shares={},
        borne={},
        state=S.REQUESTED if has_guarantor else S.COMPENSATED,
        requested_at=now,
        updated_at=now,
    )


def _require_ripe(rule: PoolRule, loan: OverdueLoan, now: datetime) -> None:
    if loan.owed_fen <= 0 or loan.overdue_since is None:
        raise Conflict(_("这笔贷款没有逾期欠款，不能申请代偿。"))
    days = (business_date(now) - loan.overdue_since).days
    if days < rule.overdue_days:
        text = _(
            "逾期满%(days)d天才能申请代偿，现在是第%(now)d天。请继续催收。", days=rule.overdue_days, now=days
        )
        raise Conflict(text)


def _require_papers(papers: Sequence[Paper]) -> None:
    what = ""
    if not papers:
        what = _("请至少提交一份证据，例如催收记录。")
    elif len(papers) > _MOST_PAPERS or any(
        not paper.title.strip() or not paper.reference.strip() for paper in papers
    ):
        what = _("每份证据都要有名称和编号，最多20份。")
    elif any(len(paper.title) > 120 or len(paper.reference) > 120 for paper in papers):
        what = _("证据的名称和编号各不超过120字。")
    if what:
        raise InvalidInput(what, errors=[FieldError("papers", what)])
