"""What stands in Rongtong's bar for people on a seat of a bank or guarantor: their own desk, and nothing of the city's."""

from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from portals.financing.institutions import of_seat

Entry = tuple[str, str, str, str]


def nav_of(principal: Principal) -> list[Entry]:
    """(key, label, href, icon) of a seat; a seat of no institution finds its messages only."""
    found = of_seat(principal.seat)
    desk: list[Entry] = []
    if found is not None and found.kind == "bank":
        desk = [
            ("bank", _("融资工作台"), "/rongtong/bank", "bank"),
            ("loans", _("贷款管理"), "/rongtong/bank/loans", "money"),
            ("bank_subsidies", _("贴息报送"), "/rongtong/bank/subsidies", "star"),
            ("compensations", _("代偿与补偿"), "/rongtong/bank/compensations", "shield"),
        ]
    elif found is not None:
        desk = [
            ("guarantor", _("担保业务"), "/rongtong/guarantor", "seal"),
            ("compensations", _("代偿与补偿"), "/rongtong/bank/compensations", "shield"),
        ]
    if found is not None:
        desk.append(("bank_products", _("本行产品"), "/rongtong/bank/products", "policy"))
    return [*desk, ("inbox", _("消息"), "/rongtong/inbox", "inbox")]


def home_of(principal: Principal) -> str:
    """Where somebody on a seat begins."""
    return nav_of(principal)[0][2]
