"""The side bar: groups by duty, so that a seat sees exactly what it works on."""

from kernel.i18n import gettext as _
from kernel.web.principal import Duty, SeatView
from portals.zhengtong.sources.desks import sources_of

Entry = tuple[str, str, str, str, int | None]
HOME = "/zhengtong"


def side_bar(seat: SeatView, *, waiting: int | None = None) -> list[tuple[str, list[Entry]]]:
    """What the office layout draws: (heading, [(key, label, href, icon, count)])."""

    def may(*duties: Duty) -> bool:
        return bool(seat.duties.intersection(duties))

    groups: list[tuple[str, list[Entry]]] = [
        (
            "",
            [
                ("todo", _("待办"), HOME, "task", waiting),
                ("policies", _("政策"), f"{HOME}/policies", "policy", None),
            ],
        )
    ]
    if may("counter.assist"):
        groups.append(
            (
                _("窗口帮办"),
                [
                    ("counter", _("帮群众办"), f"{HOME}/counter", "family", None),
                    ("visits", _("上门走访"), f"{HOME}/counter/visits", "place", None),
                ],
            )
        )
    rights: list[Entry] = []
    if may("claim.decide"):
        rights.append(("rights", _("在享待遇"), f"{HOME}/rights", "heart", None))
    if may("claim.decide", "payment.approve", "audit.read"):
        rights.append(("overpayments", _("多发追回"), f"{HOME}/overpayments", "scale", None))
    if may("claim.accept", "claim.joint_review", "claim.decide"):
        rights.append(("means", _("经济状况核对"), f"{HOME}/means", "search", None))
    if may(
        "policy.author", "policy.publish", "claim.accept", "claim.joint_review", "claim.decide", "audit.read"
    ):
        rights.append(("income", _("不计入的收入"), f"{HOME}/income-rules", "scale", None))
    if may("claim.decide", "audit.read"):
        rights.append(("ratings", _("好差评"), f"{HOME}/ratings", "check-circle", None))
    if rights:
        groups.append((_("待遇"), rights))
    if may("payment.approve", "audit.read"):
        groups.append(
            (
                _("资金"),
                [
                    ("payments", _("支付"), f"{HOME}/payments", "money", None),
                    ("batches", _("批次"), f"{HOME}/payments/batches", "bank", None),
                    ("reconciliation", _("对账"), f"{HOME}/payments/reconciliation", "check", None),
                    ("budgets", _("预算与账本"), f"{HOME}/payments/budgets", "scale", None),
                    ("closing", _("年终结转"), f"{HOME}/payments/closing", "calendar", None),
                ],
            )
        )
    lending: list[Entry] = []
    if may("financing.oversee"):
        lending.append(("financing_oversight", _("融资监督"), f"{HOME}/financing/oversight", "chart", None))
    if may("financing.oversee", "claim.accept", "claim.decide"):
        lending.append(("financing_subsidies", _("贷款贴息"), f"{HOME}/financing/subsidies", "money", None))
    if may("financing.pool", "financing.oversee"):
        lending.append(("financing_pool", _("风险补偿资金池"), f"{HOME}/financing/pool", "shield", None))
        lending.append(("financing_rates", _("参考利率"), f"{HOME}/financing/rates", "chart", None))
    if lending:
        groups.append((_("融资"), lending))
    if sources_of(seat):
        entries: list[Entry] = [
            ("objections", _("信息异议"), f"{HOME}/objections", "question", None),
            ("quality", _("数据质量"), f"{HOME}/quality", "chart", None),
            ("exchange", _("数据共享"), f"{HOME}/exchange", "switch", None),
        ]
        groups.append((_("信息和数据"), entries))
    licences: list[Entry] = []
    if may("licence.verify"):
        licences.append(("scan", _("扫码核验"), f"{HOME}/scan", "scan", None))
    if may("licence.issue"):
        licences.append(("licences", _("证照管理"), f"{HOME}/licences", "seal", None))
    if licences:
        groups.append((_("证照"), licences))
    watching: list[Entry] = []
    if may("audit.read", "claim.decide", "payment.approve"):
        watching.append(("findings", _("监督问题"), f"{HOME}/findings", "eye", None))
    if may("audit.read"):
        watching.append(("audit", _("操作记录"), f"{HOME}/audit", "history", None))
    if may("admin.system", "audit.read"):
        watching.append(("connectors", _("外部系统"), f"{HOME}/system/connectors", "link", None))
        watching.append(("events", _("部门事件"), f"{HOME}/system/events", "send", None))
        watching.append(("matches", _("全市核对"), f"{HOME}/system/matches", "refresh", None))
    if may("admin.system", "admin.security", "audit.read"):
        watching.append(("seats", _("席位"), f"{HOME}/system/seats", "office", None))
        if may("admin.security", "audit.read"):
            watching.append(("locks", _("账户锁定"), f"{HOME}/system/locks", "lock", None))
        watching.append(("clients", _("应用登记"), f"{HOME}/system/clients", "link", None))
    if may("admin.system"):
        watching.append(("files", _("批量数据"), f"{HOME}/system/files", "upload", None))
        watching.append(("letters", _("积压任务"), f"{HOME}/system/letters", "alert", None))
    if watching:
        groups.append((_("监督与运行"), watching))
    return groups
