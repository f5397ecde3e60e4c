"""公共信用信息 summary: what public registers say of the firm, each line with its source. No score, nothing of its owners.

A summary of public records is not 征信: that is a licensed trade. Each line says what it means, how it is put right, and leads to
the page on which the firm objects to it.
"""

import msgspec

from kernel.i18n import N_
from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.profiles.schemas import Family
from portals.financing.profile.building import FactLine, line_of


class CreditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One public record: ``tone`` good where there is none, bad where there is one, wait where nobody has told us."""

    fact: FactLine
    tone: str
    meaning: str
    mend: str


#: Attribute → what a record means, and how it ends.
RECORDS: dict[str, tuple[str, str]] = {
    "firm.is_dishonest": (
        N_("列入严重失信主体名单的，银行和补贴一般不予办理"),
        N_("履行义务后，向认定部门申请信用修复"),
    ),
    "firm.is_abnormal": (
        N_("未按时年报、登记住所联系不上等会列入经营异常名录"),
        N_("补报年报或变更住所后，向市场监管部门申请移出"),
    ),
    "firm.has_serious_violation": (
        N_("一年内有较大事故或重大违法的，部分产品和奖励不予办理"),
        N_("整改到位后，自认定起满一年不再计入"),
    ),
}


def credit_of(family: Family) -> list[CreditLine]:
    """The firm's own public records; what nobody has told us is said so, never taken for clean."""
    found = []
    for attribute_id, (meaning, mend) in RECORDS.items():
        attribute = catalogue().attribute(attribute_id)
        fact = family.owner.facts.get(attribute.key)
        tone = "wait" if fact is None else "bad" if fact.value is True else "good"
        found.append(CreditLine(fact=line_of(attribute, fact), tone=tone, meaning=_(meaning), mend=_(mend)))
    return found
