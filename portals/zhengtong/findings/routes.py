"""Findings as pages, as an API and as a table to take away."""

import uuid
from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect

from kernel.errors import IllegalTransition, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.oversight import service as oversight
from policy_engine.delivery.oversight.questions import QUESTIONS
from policy_engine.delivery.oversight.schemas import FindingView
from policy_engine.delivery.views import oversight as views
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs("audit.read", "claim.decide", "payment.approve")
MAY_AUDIT = needs("audit.read")
STATES = {"asked": N_("待答复"), "answered": N_("待审阅"), "closed": N_("已关闭")}
OUTCOMES = {
    "explained": N_("情况正常"),
    "corrected": N_("已纠正"),
    "recovered": N_("已追回"),
    "referred": N_("移送查处"),
}
Words = Annotated[str, msgspec.Meta(max_length=2000)]


class FindingAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    answer: Words


class FindingClosing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``outcome``: explained, corrected, recovered or referred."""

    outcome: str
    words: Words


class FindingAgain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    words: Words


class Findings:
    """What may be done to findings, each in one transaction."""

    def __init__(self, services: Services, principal: Principal) -> None:
        self._house, self._ports, self._principal = services.house, services.ports, principal

    def listed(self, question: str, state: str) -> list[FindingView]:
        with self._house.database.read() as session:
            return views.findings(
                session,
                self._ports,
                self._principal,
                question=question if question in QUESTIONS else "",
                state=state if state in STATES else "",
                now=self._house.clock.now(),
            )

    def one(self, finding_id: uuid.UUID) -> FindingView:
        with self._house.database.read() as session:
            return views.finding(
                session, self._ports, finding_id, self._principal, now=self._house.clock.now()
            )

    def answer(self, finding_id: uuid.UUID, text: str) -> None:
        with self._house.database.write() as session:
            oversight.answer_finding(
                session,
                finding_id=finding_id,
                principal=self._principal,
                answer=text,
                now=self._house.clock.now(),
            )

    def close(self, finding_id: uuid.UUID, outcome: str, words: str) -> None:
        with self._house.database.write() as session:
            oversight.close_finding(
                session,
                finding_id=finding_id,
                principal=self._principal,
                outcome=outcome,
                words=words,
                now=self._house.clock.now(),
            )

    def ask_again(self, finding_id: uuid.UUID, words: str) -> None:
        with self._house.database.write() as session:
            oversight.ask_again(
                session,
                self._ports,
                finding_id=finding_id,
                principal=self._principal,
                words=words,
                now=self._house.clock.now(),
            )


@get("/findings", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def findings_page(
    visit: Visiting, question: FromQuery[str] = "", view: FromQuery[str] = "asked"
) -> Response[str]:
    """All of a place for its auditor, for others what they have to answer."""
    with visit.services.house.database.read() as session:
        counted = views.finding_counts(session, seat_of(visit.principal).division)
    return visit.page(
        "zhengtong/findings/list.html",
        found=Findings(visit.services, visit.principal).listed(question, view),
        questions=[(key, _(one.title)) for key, one in QUESTIONS.items()],
        question=question,
        view=view,
        states=STATES,
        counted=counted if visit.principal.has_duty("audit.read") else {},
        division_name=division_name,
    )


@get("/findings.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def findings_export(
    services: Given, principal: Said, question: FromQuery[str] = "", view: FromQuery[str] = ""
) -> Response[str]:
    """The list as it is filtered; that it was taken away stands in the audit trail."""
    header = [
        *(_("问题"), _("对象"), _("相关人员"), _("办件编号"), _("辖区"), _("涉及期间"), _("金额（元）")),
        *(_("发现日期"), _("仍存在"), _("答复期限"), _("状态"), _("答复"), _("结论"), _("关闭说明")),
    ]
    rows = [
        [
            *(one.title, one.who, one.official, one.case_number, division_name(one.division)),
            " ".join(one.periods),
            None if one.total_fen is None else one.total_fen / 100,
            *(one.found_on, _("是") if one.is_standing else _("否"), one.due_on, _(STATES[one.state])),
            *(one.answer, _(OUTCOMES[one.outcome]) if one.outcome else "", one.closing),
        ]
        for one in Findings(services, principal).listed(question, view)
    ]
    with services.house.database.write() as session:
        return export(session, principal, "findings", header, rows, now=services.house.clock.now())


@get("/findings/{finding_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def finding_page(visit: Visiting, finding_id: FromPath[uuid.UUID]) -> Response[str]:
    return _page(visit, finding_id)


@post("/findings/{finding_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def act_on_finding(visit: Visiting, finding_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Answer, close, or ask again."""
    act = forms.one(data, "act")
    words = forms.one(data, f"{act}_words")
    findings = Findings(visit.services, visit.principal)
    acts: dict[str, Callable[[], None]] = {
        "answer": lambda: findings.answer(finding_id, words),
        "again": lambda: findings.ask_again(finding_id, words),
        "close": lambda: findings.close(finding_id, forms.one(data, "outcome"), words),
    }
    try:
        acts.get(act, acts["answer"])()
    except (InvalidInput, IllegalTransition) as problem:
        return _page(visit, finding_id, problem=problem.detail, status=problem.status)
    return Redirect(f"/zhengtong/findings/{finding_id}?done=finding", status_code=303)


@get(
    "/findings",
    sync_to_thread=True,
    tags=["oversight"],
    guards=[MAY_SEE],
    summary="Findings of the ready questions; `view` is asked, answered or closed",
)
def list_findings(
    services: Given, principal: Said, question: FromQuery[str] = "", view: FromQuery[str] = ""
) -> list[FindingView]:
    return Findings(services, principal).listed(question, view)


@get("/findings/{finding_id:uuid}", sync_to_thread=True, tags=["oversight"], summary="One finding")
def read_finding(services: Given, principal: Said, finding_id: FromPath[uuid.UUID]) -> FindingView:
    return Findings(services, principal).one(finding_id)


@post(
    "/findings/{finding_id:uuid}/answer",
    status_code=200,
    sync_to_thread=True,
    tags=["oversight"],
    summary="Explain a finding, as the seat that is responsible",
)
def answer_api(
    services: Given, principal: Said, finding_id: FromPath[uuid.UUID], data: JSONBody[FindingAnswer]
) -> FindingView:
    Findings(services, principal).answer(finding_id, data.answer)
    return Findings(services, principal).one(finding_id)


@post(
    "/findings/{finding_id:uuid}/closing",
    status_code=200,
    sync_to_thread=True,
    tags=["oversight"],
    guards=[MAY_AUDIT],
    summary="Close a finding",
)
def close_api(
    services: Given, principal: Said, finding_id: FromPath[uuid.UUID], data: JSONBody[FindingClosing]
) -> FindingView:
    Findings(services, principal).close(finding_id, data.outcome, data.words)
    return Findings(services, principal).one(finding_id)


@post(
    "/findings/{finding_id:uuid}/questions",
    status_code=200,
    sync_to_thread=True,
    tags=["oversight"],
    guards=[MAY_AUDIT],
    summary="Ask again where an answer does not do",
)
def again_api(
    services: Given, principal: Said, finding_id: FromPath[uuid.UUID], data: JSONBody[FindingAgain]
) -> FindingView:
    Findings(services, principal).ask_again(finding_id, data.words)
    return Findings(services, principal).one(finding_id)


def _page(visit: Visit, finding_id: uuid.UUID, *, problem: str = "", status: int = 200) -> Response[str]:
    return visit.page(
        "zhengtong/findings/finding.html",
        status=status,
        one=Findings(visit.services, visit.principal).one(finding_id),
        states=STATES,
        outcomes=OUTCOMES,
        problem=problem,
        division_name=division_name,
    )


PAGES = [findings_page, findings_export, finding_page, act_on_finding]
API = [list_findings, read_finding, answer_api, close_api, again_api]
