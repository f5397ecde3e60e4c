"""What waits for a seat that decides no claims: drafts and reviews, payments, whatever got stuck."""

import msgspec

from kernel.i18n import gettext as _
from kernel.web.formats import yuan
from kernel.web.principal import Principal
from portals.services import Services
from portals.zhengtong.navigation import HOME
from portals.zhengtong.payments import acts as payments
from portals.zhengtong.policies import acts as policies
from portals.zhengtong.policies.schemas import PolicyLine
from portals.zhengtong.trail import acts as trail


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing, how many of it, and where it is dealt with."""

    title: str
    note: str
    href: str
    icon: str
    count: int
    is_urgent: bool = False


def waiting_for(services: Services, principal: Principal) -> list[Waiting]:
    """What this seat can deal with now, each kind once; nothing for a seat that has only claims."""
    found: list[Waiting] = []
    knows_policies = principal.has_duty("policy.author") or principal.has_duty("policy.publish")
    known = policies.listed(services) if knows_policies else []
    if principal.has_duty("policy.author"):
        found.append(_policies(known, _("政策草稿"), _("补全后提交审查"), "draft"))
        found.append(_renewals(services))
    if principal.has_duty("policy.publish"):
        under_review = ("in_review", "decomposed", "verified")
        found.append(_policies(known, _("待审查的政策"), _("看条件、用例和覆盖人数，再批准"), *under_review))
        found.append(_policies(known, _("已批准、待发布的政策"), _("先发布到 1%%，再扩大到全部"), "approved"))
    if principal.has_duty("payment.approve"):
        found += _money(services, principal)
    if principal.has_duty("admin.system"):
        found += _stuck(services)
    return [one for one in found if one.count]


def _policies(known: list[PolicyLine], title: str, what: str, *states: str) -> Waiting:
    lines = [line for line in known if line.state in states]
    found = {line.state for line in lines}
    href = f"{HOME}/policies?state={found.pop() if len(found) == 1 else ''}"
    if len(lines) == 1:
        href = f"{HOME}/policies/{lines[0].version_id}"
    note = " · ".join((what, *(line.title for line in lines[:2])))
    return Waiting(title=title, note=note, href=href, icon="policy", count=len(lines))


def _renewals(services: Services) -> Waiting:
    lines = policies.renewals(services)
    today = services.house.clock.today()
    href = f"{HOME}/policies/{lines[0].version_id}" if len(lines) == 1 else f"{HOME}/policies"
    return Waiting(
        title=_("到期待续的政策"),
        note=" · ".join((_("要延续的，起草新版本"), *(line.title for line in lines[:2]))),
        href=href,
        icon="policy",
        count=len(lines),
        is_urgent=any(line.effective_to is not None and line.effective_to < today for line in lines),
    )


def _money(services: Services, principal: Principal) -> list[Waiting]:
    told = {
        "ready": (_("待批准支付的款项"), False),
        "returned": (_("退回的款项"), True),
        "waiting": (_("等待资金的款项"), True),
    }
    found = []
    for view, (title, is_urgent) in told.items():
        count, fen = payments.sums_in(services, principal, view)
        total = _("合计%(amount)s", amount=yuan(fen))
        href = f"{HOME}/payments?view={view}"
        found.append(
            Waiting(title=title, note=total, href=href, icon="money", count=count, is_urgent=is_urgent)
        )
    return found


def _stuck(services: Services) -> list[Waiting]:
    letters, events = trail.dead_by_topic(services), trail.department_events(services)
    return [
        Waiting(
            title=_("积压任务"),
            note=_("多次重试未成，需要有人看一看"),
            href=f"{HOME}/system/letters",
            icon="alert",
            count=sum(count for _topic, count in letters),
            is_urgent=True,
        ),
        Waiting(
            title=_("拒收的部门事件"),
            note=_("签名或格式不对，没有改动任何数据"),
            href=f"{HOME}/system/events",
            icon="send",
            count=len(events.rejected),
            is_urgent=True,
        ),
    ]
