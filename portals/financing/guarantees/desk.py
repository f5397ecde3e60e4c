"""What a firm asks of guarantors, and what a guarantor answers on its seat; one transaction each."""

import uuid
from typing import Annotated

import msgspec

from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from portals.financing.access import institution_of
from portals.financing.banks import repository as bank_rows
from portals.financing.demands import repository as demand_rows
from portals.financing.guarantees import repository, service
from portals.financing.guarantees.service import GuaranteeView
from portals.financing.institutions import Institution
from portals.services import Services


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    guarantor: str


class Issued(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``fee_bp`` is a year's rate in 万分之一 of what is guaranteed."""

    fee_bp: int


class Refused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason_code: str
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class GuaranteeDesk:
    """Both sides' acts, for pages and API alike."""

    def __init__(self, services: Services) -> None:
        self._house = services.house

    def of_application(self, application_id: uuid.UUID, principal: Principal) -> list[GuaranteeView]:
        """The guarantees of the firm's own application. Raises ``NotFound`` for any other."""
        with self._house.database.read() as session:
            application = demand_rows.application(session, application_id)
            if application is None or application.firm_id != principal.acting_for:
                raise NotFound(_("没有找到这笔融资申请。"))
            rows = list(repository.of_application(session, application_id))
            return service.views_of(session, rows, vault=self._house.vault)

    def may_ask(self, application_id: uuid.UUID, found: list[GuaranteeView]) -> bool:
        """An offer was accepted, and no guarantor that was asked has yet to say no."""
        with self._house.database.read() as session:
            offer = bank_rows.accepted_offer(session, application_id)
        return offer is not None and all(one.state == "refused" for one in found)

    def request(self, application_id: uuid.UUID, principal: Principal, guarantor: str) -> GuaranteeView:
        house = self._house
        with house.database.write() as session:
            row = service.request(session, application_id, guarantor, by=principal, now=house.clock.now())
            return service.views_of(session, [row], vault=house.vault)[0]

    def waiting(self, principal: Principal) -> list[GuaranteeView]:
        code = guarantor_of(principal).code
        with self._house.database.read() as session:
            rows = list(repository.at_guarantor(session, code))
            return service.views_of(session, rows, vault=self._house.vault)

    def one(self, guarantee_id: uuid.UUID, principal: Principal) -> GuaranteeView:
        """What lies before this guarantor. Raises ``NotFound`` for what lies before another."""
        found = next((one for one in self.waiting(principal) if one.id == guarantee_id), None)
        if found is None:
            raise NotFound(_("没有找到这笔担保申请。"))
        return found

    def issue(self, guarantee_id: uuid.UUID, principal: Principal, fee_bp: int) -> GuaranteeView:
        house, code = self._house, guarantor_of(principal).code
        with house.database.write() as session:
            row = service.issue(session, guarantee_id, fee_bp, code=code, by=principal, now=house.clock.now())
            return service.views_of(session, [row], vault=house.vault)[0]

    def refuse(self, guarantee_id: uuid.UUID, principal: Principal, why: Refused) -> GuaranteeView:
        house, code = self._house, guarantor_of(principal).code
        with house.database.write() as session:
            row = service.refuse(
                session,
                guarantee_id,
                why.reason_code,
                why.note,
                code=code,
                by=principal,
                now=house.clock.now(),
            )
            return service.views_of(session, [row], vault=house.vault)[0]


def guarantor_of(principal: Principal) -> Institution:
    """Raises ``Forbidden`` off a guarantor's seat."""
    found = institution_of(principal, "financing.work", "financing.approve")
    if found.kind != "guarantor":
        raise Forbidden(_("这里供担保机构的工作人员使用。请切换到您在担保机构的席位。"))
    return found
