"""How duties, states, acts and outcomes are called here; translated where they are shown."""

from kernel.i18n import N_
from kernel.web.principal import Duty

DUTIES: dict[Duty, str] = {
    "policy.author": N_("政策起草"),
    "policy.publish": N_("政策审批发布"),
    "claim.accept": N_("受理"),
    "claim.joint_review": N_("联合审核"),
    "claim.decide": N_("审定"),
    "payment.approve": N_("支付审批"),
    "audit.read": N_("审计查阅"),
    "admin.system": N_("系统管理"),
    "admin.security": N_("安全管理"),
    "counter.assist": N_("窗口帮办"),
    "licence.issue": N_("证照签发"),
    "licence.verify": N_("证照核验"),
    "financing.work": N_("融资办理"),
    "financing.approve": N_("融资审批"),
    "financing.oversee": N_("融资监管"),
    "financing.pool": N_("风险补偿资金管理"),
}

#: Acts on a claim as an official says them.
CLAIM_ACTIONS: dict[str, str] = {
    "accept": N_("受理"),
    "return_for_supplement": N_("退回补正"),
    "recommend": N_("建议批准"),
    "advise_against": N_("建议不予批准"),
    "grant": N_("批准"),
    "refuse": N_("不予批准"),
}
#: What stands in a file besides.
ACTS_ON_CLAIMS: dict[str, str] = {
    **CLAIM_ACTIONS,
    "send_back": N_("退回前一环节"),
    "opine": N_("加签意见"),
}
#: What may be done to many at once. A refusal is always one by one, with its own reasons.
BATCH_ACTIONS = ("accept", "recommend", "grant")

POLICY_ACTIONS: dict[str, str] = {
    "draft": N_("保存草稿"),
    "submit": N_("提交审查"),
    "send_back": N_("退回修改"),
    "review": N_("审查通过"),
    "verify": N_("运行全部用例"),
    "shadow": N_("已看推演"),
    "fund": N_("确认资金"),
    "approve": N_("批准"),
    "publish": N_("发布到 1%%"),
    "widen": N_("扩大到全部"),
    "suspend": N_("暂停"),
    "resume": N_("恢复"),
    "recall": N_("撤回政策"),
    "revoke": N_("废止政策"),
    "evaluate": N_("完成评估"),
    "archive": N_("归档"),
}
#: What is asked for with an act that needs words.
POLICY_NOTES: dict[str, str] = {
    "send_back": N_("需要修改什么"),
    "fund": N_("资金来源和预算科目"),
    "suspend": N_("暂停的原因"),
    "recall": N_("致歉和说明"),
    "revoke": N_("废止的依据"),
    "evaluate": N_("评估结论"),
}
#: The three checks of a review.
REVIEW_FIELDS: dict[str, str] = {
    "legality": N_("合法性审查意见"),
    "fair_competition": N_("公平竞争审查意见"),
    "funds": N_("资金保障意见"),
}
STANDINGS: dict[str, str] = {
    "official": N_("官方"),
    "press": N_("演示 · 新闻报道"),
    "other_place": N_("演示 · 外地标准"),
    "unverified": N_("演示 · 尚未核实"),
}
AUDIENCES: dict[str, str] = {"person": N_("个人"), "household": N_("家庭"), "firm": N_("企业")}
PERIODS: dict[str, str] = {
    "once": N_("一次性"),
    "month": N_("每月"),
    "quarter": N_("每季度"),
    "year": N_("每年"),
    "none": N_("资格认定，不直接发钱"),
}
CHANNELS: dict[str, str] = {
    "app": N_("本人在东楚通办理"),
    "counter": N_("窗口帮办"),
    "automatic": N_("免申即享"),
}
OUTCOMES: dict[str, str] = {
    "granted": N_("批准"),
    "refused": N_("不予批准"),
    "upheld": N_("维持原决定"),
    "overturned": N_("撤销原决定"),
}
FUNDS: dict[str, str] = {
    "fiscal": N_("财政资金"),
    "shared": N_("多级共担"),
    "unemployment_insurance": N_("失业保险基金"),
}
#: What a limit of times says, by its time and whose times are counted.
LIMITS: dict[tuple[str, str], str] = {
    ("month", "unit"): N_("每月最多 %(times)d 次"),
    ("quarter", "unit"): N_("每季度最多 %(times)d 次"),
    ("year", "unit"): N_("每年最多 %(times)d 次"),
    ("life", "unit"): N_("一共最多 %(times)d 次"),
    ("month", "subject"): N_("同一对象名下合计，每月最多 %(times)d 次"),
    ("quarter", "subject"): N_("同一对象名下合计，每季度最多 %(times)d 次"),
    ("year", "subject"): N_("同一对象名下合计，每年最多 %(times)d 次"),
    ("life", "subject"): N_("同一对象名下合计，一共最多 %(times)d 次"),
}
YEARLY_CAPS: dict[str, str] = {
    "unit": N_("每年累计最多 %(yuan)s 元"),
    "subject": N_("同一对象名下合计，每年累计最多 %(yuan)s 元"),
    "household": N_("全家合计，每年累计最多 %(yuan)s 元"),
}
BUDGET_KINDS: dict[str, str] = {"entitlement": N_("应保尽保"), "quota": N_("总量控制")}
#: How somebody who cannot or will not use the app let the counter act.
AUTHORISATIONS: dict[str, str] = {
    "signed_form": N_("本人签字的授权书"),
    "witnessed_mark": N_("本人按手印，两人见证"),
    "guardian_form": N_("监护人签字的授权书"),
    "on_file": N_("本席位存档的授权书"),
}

#: What a page says after something was done; the address carries only the key.
DONE: dict[str, str] = {
    "claim": N_("已办理，申请人会收到消息。"),
    "proved": N_("已核验并记录，本人会收到消息。"),
    "held": N_("已暂停办理，理由已写入办理记录。"),
    "resumed": N_("已恢复办理。"),
    "sent_back": N_("已退回，前一环节会再核实。"),
    "delegated": N_("已委派，对方会收到消息。"),
    "taken_back": N_("已撤回，可以重新办理。"),
    "asked": N_("已征求意见，答复前这件申请停在本环节。"),
    "opinion": N_("加签意见已记录。"),
    "rating": N_("已答复，评价人会收到消息。"),
    "finding": N_("已记录。"),
    "means": N_("已发起，成员会收到授权请求。"),
    "appeal": N_("申诉已作出决定，决定书已送达。"),
    "objection": N_("异议已登记，公示暂停。"),
    "objection_settled": N_("异议核查结果已记录。"),
    "draft": N_("草稿已保存，全部检查通过。"),
    "policy": N_("已办理，政策状态已更新。"),
    "batch": N_("这一批已批准，支付指令正在发出。"),
    "released": N_("已放行，下一批可以支付。"),
    "right": N_("已办理，当事人会收到消息。"),
    "overpayment": N_("已办理，处理结果已记录。"),
    "closing_proposed": N_("已提出，由另一位财政人员办理。"),
    "closing_begun": N_("正在逐笔结转，办完会显示已结转。"),
    "closing_dismissed": N_("已退回，可以重新提出。"),
    "looking": N_("正在核对全部账户，稍后刷新页面看结果。"),
    "appropriated": N_("资金已入账，等待资金的款项会依次预留。"),
    "confirmed": N_("已代为确认，申请进入办理。"),
    "applied": N_("申请已提交。"),
    "licence": N_("证照已签发，持有人的卡包里能看到。"),
    "licence_changed": N_("证照状态已变更，立即生效。"),
    "paper": N_("已登记，本人会收到提醒。"),
    "rule_proposed": N_("已提出，等另一席位审定。"),
    "rule_agree": N_("已同意，按所写日期执行。"),
    "rule_refuse": N_("已不同意，提出人会收到理由。"),
    "rule_withdraw": N_("已撤回提出。"),
    "lock_proposed": N_("已提出，等另一位安全管理人员办理。"),
    "lock_carry_out": N_("已办理，本人会收到通知。"),
    "lock_refuse": N_("已退回。"),
    "lock_withdraw": N_("已撤回提出。"),
    "means_withdrawn": N_("已登记撤回，核对停止，查到的已删除；本人会收到提醒。"),
    "client": N_("已办理，应用的变动立即生效。"),
    "seat": N_("已办理，席位的变动立即生效。"),
    "replayed": N_("已重新排队，稍后自动再试。"),
    "quality": N_("已记录，这条质量问题不再提示。"),
    "exchange": N_("已办理。"),
    "objection_answered": N_("异议已答复，当事人会收到消息。"),
    "dropped": N_("已放弃，原因已记入操作记录。"),
}

#: Background tasks by their topic, as an administrator says them.
TASKS: dict[str, str] = {
    "audit.seal": N_("操作记录入链"),
    "award.ended": N_("待遇终止后的核对"),
    "award.confirm_deaths": N_("印证死亡登记"),
    "award.hear_losses": N_("不再符合条件的告知"),
    "award.lift_losses": N_("解除批量暂缓"),
    "claim.check_account": N_("核对收款账户"),
    "claim.close_notices": N_("公示期满的办件"),
    "claim.remind": N_("催办"),
    "connector.poll": N_("向部门取数据"),
    "department.event": N_("写入部门数据"),
    "facts.changed": N_("信息变化后的核对"),
    "facts.corroborated": N_("另一部门印证的信息"),
    "facts.file": N_("写入批量文件"),
    "facts.quality": N_("数据质量检查"),
    "facts.scheduled": N_("到期生效的信息"),
    "financing.clocks": N_("融资办理时限"),
    "financing.lapse_offers": N_("到期的融资方案"),
    "financing.news": N_("通知银行系统"),
    "financing.subsidies": N_("计算贷款贴息"),
    "identity.expire": N_("到期的授权"),
    "identity.logout": N_("通知应用退出登录"),
    "identity.purge": N_("清理登录记录"),
    "ledger.close": N_("办理年终结转"),
    "licence.certify": N_("按决定签发证照"),
    "licence.expire": N_("到期的证照"),
    "licence.facts": N_("证照信息写入档案"),
    "licence.issued": N_("签发证照后的通知"),
    "licence.remind": N_("证照到期提醒"),
    "licence.reported": N_("部门报送的证照"),
    "log.anchor": N_("存证日志留存"),
    "match.nightly": N_("夜间全市核对"),
    "means.ask": N_("家庭经济状况查询"),
    "means.clock": N_("家庭经济状况核对时限"),
    "notice.deliver": N_("投递消息"),
    "notice.summon": N_("发送提醒"),
    "offer.lapse": N_("到期的待确认事项"),
    "outbox.purge": N_("清理已办任务"),
    "oversight.look": N_("每日监督检查"),
    "payment.callback": N_("银行回执"),
    "payment.due": N_("生成应发款项"),
    "payment.instruct": N_("发出支付指令"),
    "payment.poll": N_("查询支付结果"),
    "payment.run": N_("整批发放"),
    "payment.serve_waiting": N_("发放等待资金的款项"),
    "policy.renewals": N_("提醒到期政策"),
    "policy.rollout": N_("推送政策"),
    "reconciliation.daily": N_("每日对账"),
    "register.settle": N_("更新公开目录"),
    "register.make": N_("汇总公开目录"),
    "ledger.look": N_("核对全部账户"),
}
#: Why a call to an outside system failed, by the stable name of the problem.
FAILURES: dict[str, str] = {
    "outside-failure": N_("没有办成"),
    "outside-refused": N_("未予受理"),
    "outside-unavailable": N_("连接不上"),
    "outside-timeout": N_("没有按时答复"),
}
#: On what ground somebody receives what was due to the dead.
HEIR_GROUNDS: dict[str, str] = {
    "declared": N_("家属声明，其他继承人同意"),
    "notarised": N_("继承公证书"),
    "judgment": N_("判决书"),
}
