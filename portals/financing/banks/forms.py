"""What officers write into the forms of the workspace, read exactly; each slip refused by its field."""

import uuid
from collections.abc import Callable

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing import entries
from portals.financing.banks.schemas import METHOD_LABELS, NewContract, NewOffer
from portals.financing.costs.statement import PARTIES, Charge, Party
from portals.financing.costs.terms import Method

#: How many charges the form has room for; the API takes more.
CHARGES = (1, 2, 3)
_LARGEST_NUMBER = 10_000


def offer_from(data: dict[str, str]) -> NewOffer:
    """Yuan, per cent and months as an offer."""
    method: Method | None = next((one for one in METHOD_LABELS if one == entries.text(data, "method")), None)
    if method is None:
        what = _("请选择还款方式。")
        raise InvalidInput(what, errors=[FieldError("method", what)])
    return NewOffer(
        amount_fen=entries.fen(data, "amount"),
        rate_bp=entries.basis_points(data, "rate"),
        term_months=whole(data, "term_months"),
        method=method,
        charges=tuple(one for number in CHARGES if (one := _charge(data, number)) is not None),
        conditions=entries.text(data, "conditions")[:500],
        needs_guarantee=entries.text(data, "needs_guarantee") == "1",
        is_startup_guaranteed=entries.text(data, "is_startup_guaranteed") == "1",
        valid_days=whole(data, "valid_days"),
    )


def contract_from(data: dict[str, str]) -> Callable[[uuid.UUID], NewContract]:
    """A contract as soon as its document has a number."""
    number = entries.reference(data, "number")
    signed_on = entries.day(data, "signed_on")
    return lambda document_id: NewContract(number=number, signed_on=signed_on, document_id=document_id)


def whole(data: dict[str, str], name: str) -> int:
    """A whole number of months or days. Raises ``InvalidInput``."""
    text = entries.text(data, name)
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) > _LARGEST_NUMBER:
        what = _("请填写整数。")
        raise InvalidInput(what, errors=[FieldError(name, what)])
    return int(text)


def _charge(data: dict[str, str], number: int) -> Charge | None:
    name = entries.text(data, f"charge_{number}")
    if not name:
        return None
    return Charge(
        name=name[:40],
        payer=_party(data, f"payer_{number}", "firm"),
        receiver=_party(data, f"receiver_{number}", "bank"),
        amount_fen=entries.fen(data, f"charge_amount_{number}"),
    )


def _party(data: dict[str, str], name: str, usual: Party) -> Party:
    return next((one for one in PARTIES if one == entries.text(data, name)), usual)
