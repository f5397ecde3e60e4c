"""What kinds of firms there are, and how each calls the one who represents it by law."""

from identity.registry.schemas import FirmForm
from kernel.i18n import N_

#: By the register's own code of the kind of firm.
FORMS: dict[str, FirmForm] = {
    "1000": "enterprise",
    "4000": "branch",
    "5100": "social_organisation",
    "5200": "social_organisation",
    "5300": "social_organisation",
    "9100": "cooperative",
    "9500": "sole_proprietor",
}
#: Who speaks for each: 法定代表人 of a company, the trader of a household business, who is person and firm at once.
HEADS: dict[FirmForm, str] = {
    "enterprise": N_("法定代表人"),
    "sole_proprietor": N_("经营者"),
    "cooperative": N_("法定代表人（理事长）"),
    "branch": N_("负责人"),
    "social_organisation": N_("法定代表人（会长或理事长）"),
}
NAMES: dict[FirmForm, str] = {
    "enterprise": N_("企业"),
    "sole_proprietor": N_("个体工商户"),
    "cooperative": N_("农民专业合作社"),
    "branch": N_("分支机构"),
    "social_organisation": N_("社会组织"),
}


def form_of_uscc(uscc: str) -> FirmForm:
    """What the first two characters of a credit code tell (GB 32100-2015 §4.1-4.2); branches look like companies."""
    if uscc.startswith("92"):
        return "sole_proprietor"
    if uscc.startswith("93"):
        return "cooperative"
    return "social_organisation" if uscc.startswith("5") else "enterprise"
