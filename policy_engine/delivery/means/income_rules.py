"""Officials change which income does not count: one proposes with the text it rests on, another agrees, from a day on.

What is agreed holds for every result that is worked out afterwards and concerns a day from then on; a result that is out
already stays as it was told. Nothing is struck from the list: to end a rule is to add a later one.
"""

import uuid
from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Duty, Principal, SeatView
from kernel.wording import as_said, worded
from policy_engine.catalogue import Source, catalogue, encloses
from policy_engine.catalogue.divisions import prefix_of
from policy_engine.catalogue.income import Treatment, income_catalogue
from policy_engine.catalogue.parameters import STANDINGS, Standing
from policy_engine.delivery.cases.letters import tell_these
from policy_engine.delivery.claims.colleagues import name_of
from policy_engine.delivery.means import repository
from policy_engine.delivery.means.models import IncomeRule
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.words import checked_words

PROPOSES: Duty = "policy.author"
DECIDES: Duty = "policy.publish"
LINK = "/zhengtong/income-rules"
#: 最低生活保障审核确认办法: below a city of districts nobody may leave a kind of income out.
CITY_DIGITS = 4
LARGEST_FREE_FEN = 100_000_00
EARLIEST = date(2014, 5, 1)  # 社会救助暂行办法 came into force
LONGEST_TITLE, LONGEST_NUMBER, LONGEST_URL, LONGEST_REASON = 200, 60, 300, 500


class NewRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``treatment``: excluded, counted (a rule that left it out ends), or ``above``: what one has above ``free_fen``."""

    test: str
    kind: str
    division: str
    since: date
    until: date | None = None
    treatment: Literal["excluded", "counted", "above"]
    free_fen: int = 0
    title: str
    document_number: str = ""
    url: str = ""
    standing: Standing = "official"


def propose(
    session: Session, ports: Ports, *, principal: Principal, rule: NewRule, now: datetime
) -> IncomeRule:
    """A change that nobody has agreed to yet. Raises ``InvalidInput`` naming each field, ``Conflict`` for the same again."""
    seat = _seat_with(principal, PROPOSES, rule.division)
    _check(rule)
    row = IncomeRule(
        id=new_id(),
        test=rule.test,
        kind=rule.kind,
        division=rule.division,
        since=rule.since,
        until=rule.until,
        counts=rule.treatment != "excluded",
        free_fen=rule.free_fen if rule.treatment == "above" else 0,
        title=rule.title.strip(),
        document_number=rule.document_number.strip() or None,
        url=rule.url.strip(),
        standing=rule.standing,
        state="proposed",
        proposed_by_id=principal.subject_id,
        proposed_by_seat=name_of(seat),
        proposed_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as clash:
        raise Conflict(_("同一收入、同一地区、同一日期的修改已经提出，请等待另一席位办理。")) from clash
    _log(session, principal, row, "income_rule.propose", now=now)
    title = worded("请审定不计入收入的修改：%(kind)s", kind=income_catalogue().kinds[row.kind].named)
    others = {
        holder
        for held in ports.people.held_seats(session, now)
        if DECIDES in held.seat.duties and encloses(held.seat.division, row.division)
        for holder in held.holders
    }
    body = worded("由%(seat)s提出。", seat=seat.post)
    tell_these(session, others - {principal.subject_id}, "means.income_rule", title, body, link=LINK, now=now)
    return row


def decide(
    session: Session,
    *,
    rule_id: uuid.UUID,
    principal: Principal,
    outcome: Literal["agree", "refuse", "withdraw"],
    reason: str = "",
    now: datetime,
) -> IncomeRule:
    """Another person agrees or refuses, with a reason; whoever proposed it may only take it back."""
    row = repository.lock_income_rule(session, rule_id)
    if row is None:
        raise NotFound(_("没有找到您要的内容。"))
    is_own = row.proposed_by_id == principal.subject_id
    seat = _seat_with(principal, PROPOSES if outcome == "withdraw" else DECIDES, row.division)
    if row.state != "proposed":
        raise IllegalTransition(_("这项修改已经办理，请刷新页面查看。"))
    if is_own != (outcome == "withdraw"):
        raise Forbidden(
            _("自己提出的修改要由另一位工作人员审定。") if is_own else _("只有提出的人可以撤回这项修改。")
        )
    if outcome == "refuse":
        row.reason = checked_words(reason, _("请写明不同意的理由。"))[:LONGEST_REASON]
    row.state = {"agree": "agreed", "refuse": "refused", "withdraw": "withdrawn"}[outcome]
    row.decided_by_id, row.decided_by_seat, row.decided_at = principal.subject_id, name_of(seat), now
    _log(session, principal, row, f"income_rule.{outcome}", now=now)
    if not is_own:
        word = worded("已同意，按所写日期执行。") if outcome == "agree" else as_said(row.reason or "")
        title = worded("您提出的修改有结果：%(kind)s", kind=income_catalogue().kinds[row.kind].named)
        tell_these(session, {row.proposed_by_id}, "means.income_rule", title, word, link=LINK, now=now)
    return row


def treatments(session: Session) -> tuple[Treatment, ...]:
    """The whole list: what stands in the program, then what officials agreed on, in the order of their agreeing."""
    agreed = repository.income_rules(session, "agreed")
    return (*income_catalogue().treatments, *(treatment_of(one) for one in agreed))


def treatment_of(row: IncomeRule) -> Treatment:
    return Treatment(
        kind=row.kind,
        test=row.test,
        division=row.division,
        since=row.since,
        until=row.until,
        counts=row.counts,
        free_fen=row.free_fen,
        source=Source(
            title=row.title,
            url=row.url,
            standing=msgspec.convert(row.standing, Standing),
            checked_on=business_date(row.decided_at or row.proposed_at),
            document_number=row.document_number,
        ),
    )


def _check(rule: NewRule) -> None:
    known = income_catalogue()
    is_place = rule.division in catalogue().divisions
    wrong = [
        (rule.test not in known.tests, "test", _("请选择用于哪一类核对。")),
        (rule.kind not in known.kinds, "kind", _("请选择收入种类。")),
        (
            not is_place or len(prefix_of(rule.division)) > CITY_DIGITS,
            "division",
            _("不计入收入由设区的市级以上规定，请选择市、省或全国。"),
        ),
        (rule.since < EARLIEST, "since", _("起始日期不能早于 2014-05-01。")),
        (rule.until is not None and rule.until < rule.since, "until", _("截止日期不能早于起始日期。")),
        (
            rule.treatment == "above" and not 0 < rule.free_fen <= LARGEST_FREE_FEN,
            "free_fen",
            _("请填写每人每月不计入的数额，大于零。"),
        ),
        (not 0 < len(rule.title.strip()) <= LONGEST_TITLE, "title", _("请写明依据的文件名称（200字以内）。")),
        (len(rule.document_number.strip()) > LONGEST_NUMBER, "document_number", _("文号过长，请核对。")),
        (
            len(rule.url) > LONGEST_URL or not rule.url.strip().startswith(("https://", "http://")),
            "url",
            _("请填写文件公布的网址，以 https:// 开头。"),
        ),
        (rule.standing not in STANDINGS, "standing", _("请选择依据的可靠程度。")),
    ]
    errors = [FieldError(where, what) for is_wrong, where, what in wrong if is_wrong]
    if errors:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)


def _seat_with(principal: Principal, duty: Duty, division: str) -> SeatView:
    seat = principal.seat
    if seat is None or duty not in seat.duties:
        raise Forbidden(_("修改不计入收入的范围不属于您所在席位的职责。"))
    if division in catalogue().divisions and not encloses(seat.division, division):
        what = _("您的席位只能规定本地区的，请重新选择地区。")
        raise InvalidInput(what, errors=[FieldError("division", what)])
    return seat


def _log(session: Session, principal: Principal, row: IncomeRule, action: str, *, now: datetime) -> None:
    detail = {"test": row.test, "kind": row.kind, "division": row.division, "since": row.since.isoformat()}
    audit.record(
        session,
        actor=principal,
        action=action,
        object_kind="income_rule",
        object_id=row.id,
        detail=detail,
        now=now,
    )
