"""认领企业: the legal representative finds the firm by its credit code and takes it, by their real name.

The register of firms is asked at that moment. Where it names somebody whom we did not know as the representative, that
is a change of representative like any other: everything granted by the former one ends.
"""

from datetime import datetime
from typing import Protocol

import msgspec
from sqlalchemy.orm import Session

from identity.accounts import service as accounts
from identity.delegation.enterprises import change_legal_representative
from identity.registry import firms
from identity.registry import service as registry
from identity.registry.identifiers import normalise
from identity.registry.schemas import FirmForm, RelationshipRow
from identity.trail import note
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, TooManyRequests
from kernel.house import House
from kernel.i18n import N_
from kernel.notices.service import notify
from kernel.wording import worded

SOURCE = "market_regulation"
TRIES_A_DAY = 20
_DAY = 86_400.0
#: One answer for an unknown firm and for another's: who represents a firm cannot be tried out here.
_NOT_YOURS = N_(
    "登记信息中没有找到由您担任负责人的这家企业，请核对统一社会信用代码；刚办理变更的，请等登记生效后再试"
)


class RegisteredFirm(msgspec.Struct, frozen=True, kw_only=True):
    """What the register of firms publishes about one."""

    uscc: str
    name: str
    form: FirmForm
    is_dissolved: bool
    head_office_uscc: str | None


class FirmRegister(Protocol):
    """The market regulator's register; both may raise ``OutsideFailure``."""

    def find_firm(self, uscc: str) -> RegisteredFirm | None: ...

    def is_legal_representative(self, uscc: str, id_number: str) -> bool: ...


def claim_enterprise(register: FirmRegister, *, house: House, subject_id: int, uscc: str) -> int:
    """The firm's number, now represented by this person. The register is asked outside any transaction.

    Raises ``InvalidInput`` when it is not theirs, ``Conflict`` when it was dissolved, ``Forbidden`` without a real name.
    """
    code = normalise("uscc", uscc)
    tries = house.ephemeral.increment(f"claim:{subject_id}", _DAY)
    if tries > TRIES_A_DAY:
        raise TooManyRequests("今天查询的次数太多了，请明天再试，或到市场监管窗口办理。", retry_after=3600)
    with house.database.read() as session:
        account = accounts.required(session, subject_id)
        if account.real_name_at is None and account.in_person_at is None:
            raise Forbidden("认领企业前，请先完成实名认证。")
        id_number = registry.identifier_of(session, subject_id, vault=house.vault)
    firm = register.find_firm(code)
    if firm is None or not register.is_legal_representative(code, id_number):
        raise InvalidInput("没有可以认领的企业。", errors=[FieldError("uscc", _NOT_YOURS)])
    if firm.is_dissolved:
        raise Conflict("这家企业已经注销，不能再认领。")
    with house.database.write() as session:
        return _take_over(session, house, subject_id, firm)


def _take_over(session: Session, house: House, subject_id: int, firm: RegisteredFirm) -> int:
    now = house.clock.now()
    on = business_date(now)
    firm_id = _known(session, house, firm.uscc, firm.name, now)
    if registry.is_dissolved(session, firm_id, on):
        raise Conflict("这家企业已经注销，不能再认领。")
    registry.set_firm_form(session, firm_id, firm.form)
    if firm.head_office_uscc:
        _belongs_to(session, house, firm_id, firm.head_office_uscc, now)
    if registry.related_to(session, "legal_representative", firm_id, on) != [subject_id]:
        change_legal_representative(
            session, firm_id=firm_id, new_subject_id=subject_id, source=SOURCE, on=on, now=now
        )
    note(session, "enterprise.claim", "subject", firm_id, now=now, by=subject_id, acting_for=firm_id)
    notify(
        session,
        subject_id=subject_id,
        kind="enterprise.claimed",
        title=worded("已认领%(what)s", what=worded(firms.NAMES[firm.form])),
        body=worded(
            "%(firm)s已经归到您名下。您可以在东楚融通为它办事，并任命管理员和经办人。", firm=firm.name
        ),
        link="/tong/me/enterprises",
        now=now,
    )
    return firm_id


def _known(session: Session, house: House, uscc: str, name: str, now: datetime) -> int:
    return registry.ensure(
        session,
        kind="firm",
        name=name,
        identifier_kind="uscc",
        identifier=uscc,
        vault=house.vault,
        now=now,
    )


def _belongs_to(session: Session, house: House, branch_id: int, head_uscc: str, now: datetime) -> None:
    """A branch ends with its head office, so the two are kept together where the head office is known here."""
    head_id = registry.find_by_identifier(session, "uscc", head_uscc, vault=house.vault)
    on = business_date(now)
    if head_id is None or head_id in registry.related_to(session, "head_office", branch_id, on):
        return
    registry.load_relationships(
        session,
        [
            RelationshipRow(
                kind="head_office",
                from_subject=head_id,
                to_subject=branch_id,
                source=SOURCE,
                from_on=on,
                until_on=None,
            )
        ],
    )
