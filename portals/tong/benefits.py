"""What Tong lets people do beyond answering an offer: apply all the same, keep their accounts."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from kernel.errors import FieldError, Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery import service as delivery
from policy_engine.delivery import views
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.views.parts import account_view
from policy_engine.policies.document import PolicyDocument
from portals.services import Services
from portals.shared.benefits import Benefits, evidence_of
from portals.tong.declaring import DeclaredField, fields_for
from portals.tong.explaining import Asked, asked_for


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What the form of an application shows."""

    asked: Asked
    document: PolicyDocument
    fields: tuple[DeclaredField, ...]
    may_declare: bool
    accounts: tuple[AccountView, ...]
    needs_account: bool
    may_add_account: bool


class TongBenefits(Benefits):
    """Offers and claims as everywhere, and what residents need besides."""

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self.services, self.house = services, services.house

    def desk(self, principal: Principal, policy_id: str, key: str) -> Desk:
        """The application form of a policy for one of us. Raises ``NotFound``."""
        asked = asked_for(self.services, principal, policy_id, key)
        ports, now = self.services.ports, self.house.clock.now()
        with self.house.database.read() as session:
            policy = self.services.published.current(session).named(policy_id)
            assert policy is not None  # noqa: S101  (asked_for has found it)
            division = ports.people.division_of(session, asked.subject.subject_id)
            relation = require_relation(session, ports, principal, asked.subject.subject_id, division, now)
            accounts = delivery.choices_for(
                session,
                ports,
                asked.subject.subject_id,
                relation=relation,
                reader_id=principal.subject_id,
                now=now,
            )
            shown = tuple(account_view(account, now) for account in accounts)
        document = policy.document
        missing = [line.attribute for line in asked.standing.explanation.missing if not line.is_known]
        may_declare = any(one.kind == "declaration" for one in document.delivery.evidence)
        return Desk(
            asked=asked,
            document=document,
            fields=tuple(fields_for(missing)) if may_declare else (),
            may_declare=may_declare,
            accounts=shown if document.benefit is not None else (),
            needs_account=document.benefit is not None,
            may_add_account=relation != "proxy",
        )

    def apply(
        self,
        principal: Principal,
        desk: Desk,
        *,
        declared: Mapping[str, Any],
        words: str,
        account_id: uuid.UUID | None,
    ) -> uuid.UUID:
        """仍要申请: the account is checked with the bank, then the claim is filed."""
        if account_id is not None:
            if account_id not in {one.id for one in desk.accounts}:
                raise InvalidInput(_("请选择页面上列出的收款账户。"), errors=[_no_account()])
            self._check(account_id)
        elif desk.accounts:
            raise InvalidInput(_("请先选择收款账户。"), errors=[_no_account()])
        with self.house.database.write() as session:
            claim = delivery.apply_anyway(
                session,
                self.services.ports,
                policy_id=desk.document.id,
                subject_id=desk.asked.subject.subject_id,
                unit_id=desk.asked.subject.unit_id,
                principal=principal,
                declared=declared,
                evidence=evidence_of("申请人说明", words),
                account_id=account_id,
                now=self.house.clock.now(),
            )
            return claim.id

    def accounts(self, principal: Principal) -> list[AccountView]:
        with self.house.database.read() as session:
            return views.my_accounts(session, principal, now=self.house.clock.now())

    def add_account(self, principal: Principal, bank: str, number: str) -> AccountView:
        """Register an account of one's own and ask the bank at once. A proxy never may."""
        if principal.capacity != "self":
            raise Forbidden(_("代办人不能更改收款账户，请本人登录后办理。"))
        bank = " ".join(bank.split())
        if not 2 <= len(bank) <= 60 or not bank.isprintable():
            raise InvalidInput(_("请填写开户银行。"), errors=[FieldError("bank", _("请填写开户银行。"))])
        now = self.house.clock.now()
        try:
            with self.house.database.write() as session:
                account_id = delivery.add_account(
                    session,
                    self.house.vault,
                    subject_id=principal.subject_id,
                    bank=bank,
                    number=number,
                    holder=principal.name,
                    source="declared",
                    now=now,
                ).id
        except InvalidInput as error:
            raise InvalidInput(error.detail, errors=[FieldError("number", error.detail)]) from None
        self._check(account_id)
        return next(one for one in self.accounts(principal) if one.id == account_id)


def _no_account() -> FieldError:
    return FieldError("account_id", _("请选择收款账户"))
