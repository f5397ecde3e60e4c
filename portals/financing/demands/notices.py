"""What firm and bank are told of each step, with the demand's number; firms also which bank it is.

Whose demand it is, amounts and reasons are read inside, never in a message.
"""

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from kernel.i18n import N_
from kernel.notices import notify
from kernel.outbox import enqueue
from kernel.wording import worded
from portals.financing.demands.models import Application, Demand
from portals.financing.institutions import institution, subject_of

#: Outbox topic of what banks' systems are told.
NEWS_TOPIC = "financing.news"


class Told(NamedTuple):
    title: str
    body: str


_OF_DEMAND = N_("融资需求 %(number)s：")
_DETAILS = N_("点开查看进展和下一步。")
TO_FIRM: dict[str, Told] = {
    "route": Told(
        N_("融资需求已送到银行"), N_("银行应在 1 个工作日内受理、3 个工作日内联系您。点开查看进展。")
    ),
    "accept": Told(N_("%(bank)s已受理您的融资申请"), N_("银行会在 3 个工作日内联系您。点开查看进展。")),
    "contact": Told(N_("%(bank)s登记已与您联系"), N_("如果没有人联系过您，请点开申请告诉我们。")),
    "begin_due_diligence": Told(N_("%(bank)s开始尽职调查"), _DETAILS),
    "approve": Told(N_("%(bank)s已批准，正在出融资方案"), _DETAILS),
    "decline": Told(
        N_("%(bank)s没有批准"), N_("原因和可以怎么做都写在里面。还有匹配银行的，已自动转送下一家。")
    ),
    "offer": Told(N_("收到%(bank)s的融资方案"), N_("每项费用谁付、付给谁都已列明。请比较后再选择。")),
    "accept_offer": Told(N_("您已接受%(bank)s的方案"), _DETAILS),
    "refuse_offer": Told(N_("您没有接受%(bank)s的方案"), _DETAILS),
    "lapse": Told(N_("%(bank)s的融资方案已过期"), N_("还有匹配银行的，已自动转送下一家。")),
    "request_guarantee": Told(N_("担保申请已提交"), _DETAILS),
    "issue_guarantee": Told(N_("担保已出具"), N_("可以和银行签约了。")),
    "refuse_guarantee": Told(
        N_("担保没有通过"), N_("原因写在里面。您可以换一家担保机构，或与银行商量其他办法。")
    ),
    "contract": Told(N_("与%(bank)s的借款合同已签订"), N_("银行应在 5 个工作日内放款。")),
    "disburse": Told(N_("%(bank)s的贷款已发放"), N_("符合贴息条件的，城市会主动为您计算，不用再申报。")),
    "pass_by": Told(
        N_("%(bank)s超时未受理"), N_("已记入该银行的办理记录。还有匹配银行的，已自动转送下一家。")
    ),
    "exhaust": Told(
        N_("暂时没有银行承接您的需求"), N_("各家的原因和可以怎么做都写在里面。您可以调整后再提交。")
    ),
}
TO_BANK: dict[str, Told] = {
    "route": Told(N_("有新的融资申请待受理"), N_("请在 1 个工作日内受理。")),
    "accept_offer": Told(N_("企业接受了本行方案"), N_("请办理签约。")),
    "refuse_offer": Told(N_("企业没有接受本行方案"), _DETAILS),
    "not_choose": Told(N_("企业选择了其他银行"), N_("本行的这笔申请已结束，感谢办理。")),
    "withdraw": Told(N_("企业撤回了融资申请"), N_("从现在起不能再查看该企业的数据。")),
    "request_guarantee": Told(N_("企业已申请担保"), _DETAILS),
    "issue_guarantee": Told(N_("担保已出具"), N_("可以签约了。")),
    "refuse_guarantee": Told(N_("担保没有通过"), N_("请与企业商量其他办法，或说明原因后结束。")),
    "pass_by": Told(N_("一笔融资申请因超时已转送他行"), N_("超时已记入本行办理记录。")),
    "remind": Told(N_("融资办理时限已过半"), N_("请尽快办理，超时会记入本行办理记录。")),
    "breach": Told(N_("一笔融资办理已超时"), N_("超时已记入本行办理记录，请立即办理。")),
    "revoke_data": Told(N_("企业收回了数据授权"), N_("从现在起不能再查看该企业的数据。")),
}


def tell_firm(
    session: Session, demand: Demand, command: str, *, bank_code: str | None = None, now: datetime
) -> None:
    """``bank_code``: whose step it is, or whom it concerns; none where it is about all of them."""
    told = TO_FIRM.get(command)
    if told is not None:
        bank = None if bank_code is None else institution(bank_code).named
        notify(
            session,
            subject_id=demand.firm_id,
            kind=f"financing.{command}",
            title=worded(told.title, bank=bank),
            body=worded(_OF_DEMAND, number=demand.number) + worded(told.body),
            link=f"/rongtong/financing/demands/{demand.id}",
            now=now,
        )


def send_news(
    session: Session,
    bank_code: str,
    command: str,
    *,
    application_id: uuid.UUID | None = None,
    loan_id: uuid.UUID | None = None,
    now: datetime,
) -> None:
    """The same for the bank's own system, where it has one: in order, signed, tried again (``banks.jobs``)."""
    payload = {
        "bank_code": bank_code,
        "command": command,
        "at": now,
        "application_id": application_id,
        "loan_id": loan_id,
    }
    enqueue(session, NEWS_TOPIC, f"bank-news:{bank_code}", payload, now=now)


def tell_bank(session: Session, application: Application, command: str, *, now: datetime) -> None:
    told = TO_BANK.get(command)
    if told is None:
        return
    send_news(session, application.bank_code, command, application_id=application.id, now=now)
    subject_id = subject_of(session, application.bank_code)
    if subject_id is not None:
        demand = session.get_one(Demand, application.demand_id)
        notify(
            session,
            subject_id=subject_id,
            kind=f"financing.{command}",
            title=worded(told.title),
            body=worded(_OF_DEMAND, number=demand.number) + worded(told.body),
            link=f"/rongtong/bank/applications/{application.id}",
            now=now,
        )
