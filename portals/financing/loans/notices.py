"""What a firm is told of its loan, step by step."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from kernel.i18n import N_
from kernel.notices import notify
from kernel.wording import worded
from portals.financing.institutions import institution
from portals.financing.loans.models import Loan


class Told(NamedTuple):
    title: str
    body: str


_SEE = N_("点开查看还款计划和记录。")
TO_FIRM: dict[str, Told] = {
    "repay": Told(N_("%(bank)s已登记您的还款"), _SEE),
    "fall_overdue": Told(
        N_("%(bank)s登记您的贷款已逾期"), N_("还清到期款项后即恢复正常。如有不同意见，请联系银行。")
    ),
    "cure": Told(N_("逾期款项已还清，%(bank)s的贷款恢复正常"), _SEE),
    "extend": Told(N_("%(bank)s的贷款已展期"), N_("还款计划已更新。展期的贷款不再享受贴息。")),
    "renew": Told(N_("%(bank)s的贷款已续贷"), N_("新的还款计划已生成。")),
    "compensate": Told(N_("担保机构已代为偿还%(bank)s的贷款"), N_("担保机构会与您联系后续还款。")),
    "close": Told(N_("%(bank)s的贷款已结清"), _SEE),
}


def tell_firm(session: Session, loan: Loan, command: str, *, now: datetime) -> None:
    told = TO_FIRM.get(command)
    if told is not None:
        notify(
            session,
            subject_id=loan.firm_id,
            kind=f"financing.{command}",
            title=worded(told.title, bank=institution(loan.bank_code).named),
            body=worded(told.body),
            link=f"/rongtong/financing/loans/{loan.id}",
            now=now,
        )
