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
    "appropriated": N_("资金已入账，等待资金的款项会依次预留。"),
    "confirmed": N_("已代为确认，申请进入办理。"),
    "applied": N_("申请已提交。"),
    "licence": N_("证照已签发，持有人的卡包里能看到。"),
    "licence_changed": N_("证照状态已变更，立即生效。"),
    "paper": N_("已登记，本人会收到提醒。"),
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
    "licence.facts": N_("证照信息写入档案"),
    "licence.issued": N_("签发证照后的通知"),
    "match.nightly": N_("夜间全市核对"),
    "means.ask": N_("家庭经济状况查询"),
    "means.clock": N_("家庭经济状况核对时限"),
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
    "policy.rollout": N_("推送政策"),
}
#: Why a call to an outside system failed, by the stable name of the problem.
FAILURES: dict[str, str] = {
    "outside-failure": N_("没有办成"),
    "outside-refused": N_("未予受理"),
    "outside-unavailable": N_("连接不上"),
    "outside-timeout": N_("没有按时答复"),
}
#: What the audit trail records, as people say it; an act without words here is shown by its name.
RECORDED: dict[str, str] = {
    "account.enrol": N_("登记收款账户"),
    "account.flagged": N_("收款账户被标记"),
    "award.name_account": N_("指定收款账户"),
    "budget.appropriate": N_("资金入账"),
    "budget.reduce": N_("预算追减"),
    "budget.closing_propose": N_("提出年终结转"),
    "budget.closing_carry_out": N_("办理年终结转"),
    "budget.closing_dismiss": N_("退回年终结转"),
    "claim.accept": N_("受理申请"),
    "claim.advise_against": N_("建议不予批准"),
    "claim.appeal_overturn": N_("申诉：撤销原决定"),
    "claim.appeal_uphold": N_("申诉：维持原决定"),
    "claim.apply": N_("提交申请"),
    "claim.batch": N_("批量办理"),
    "claim.confirm": N_("确认领取"),
    "claim.countersign": N_("会签"),
    "claim.delegated": N_("委派申请"),
    "claim.grant": N_("批准申请"),
    "claim.held": N_("暂停办理"),
    "claim.means_opened": N_("发起家庭经济状况核对"),
    "claim.means_paper": N_("登记核对授权书"),
    "claim.opinion_asked": N_("征求加签意见"),
    "claim.opinion_dropped": N_("不再等加签意见"),
    "claim.opinion_given": N_("答复加签意见"),
    "claim.recommend": N_("建议批准"),
    "claim.refuse": N_("不予批准"),
    "claim.resumed": N_("恢复办理"),
    "claim.return_for_supplement": N_("退回补正"),
    "claim.send_back": N_("退回前一环节"),
    "claim.taken_back": N_("撤回自己的办理"),
    "counter.authorised": N_("登记代办授权"),
    "counter.find": N_("窗口查询"),
    "identity.client.register": N_("登记接入应用"),
    "identity.membership.grant": N_("登记企业经办人"),
    "identity.proxy.grant": N_("登记亲情代办"),
    "identity.seat.assign": N_("安排席位"),
    "licence.batch": N_("批量签发证照"),
    "licence.cancel": N_("注销证照"),
    "licence.issue": N_("签发证照"),
    "licence.use": N_("使用证照"),
    "match.drift": N_("全市核对有出入"),
    "offer.decline": N_("暂不需要"),
    "outbox.replay": N_("重新排队"),
    "payment.approve_batch": N_("批准支付"),
    "payment.release": N_("放行下一批"),
    "policy.approve": N_("批准政策"),
    "policy.draft": N_("保存政策草稿"),
    "policy.publish": N_("发布政策到 1%%"),
    "policy.recall": N_("撤回政策"),
    "policy.resume": N_("恢复政策"),
    "policy.send_back": N_("退回政策"),
    "policy.submit": N_("提交政策审查"),
    "policy.supersede": N_("以新版本取代"),
    "policy.suspend": N_("暂停政策"),
    "policy.widen": N_("扩大到全部"),
    "oversight.answer": N_("答复监督问题"),
    "oversight.ask_again": N_("追问监督问题"),
    "oversight.close": N_("关闭监督问题"),
    "rating.answer": N_("答复评价"),
    "budget.open": N_("开立预算"),
    "exchange.request": N_("申请数据共享"),
    "exchange.decide": N_("审批数据共享"),
    "exchange.end": N_("结束数据共享"),
    "facts.file": N_("提交批量数据"),
    "facts.file.rejects": N_("下载未写入的行"),
    "financing.authorise": N_("授权银行查看数据"),
    "financing.post": N_("提交融资需求"),
    "financing.rate.install": N_("载入参考利率"),
    "financing.revoke": N_("收回数据授权"),
    "financing.subsidy.file": N_("申报贷款贴息"),
    "keys.retire": N_("停用密钥"),
    "keys.rotate": N_("更换密钥"),
    "client.suspend": N_("停用接入应用"),
    "award.adjust": N_("调整待遇金额"),
    "award.losses_held": N_("暂缓批量停发"),
    "award.name_heir": N_("登记领取人"),
    "award.undo_death": N_("撤销死亡登记"),
    "claim.object": N_("登记公示异议"),
    "overpayment.repayment": N_("登记退款"),
    "payment.run_stopped": N_("整批发放自动停下"),
    "product.install": N_("载入金融产品"),
    "quality.dismiss": N_("确认数据无误"),
    "reconciliation.explain": N_("说明对账差异"),
    "table.export": N_("导出表格"),
}
#: On what ground somebody receives what was due to the dead.
HEIR_GROUNDS: dict[str, str] = {
    "declared": N_("家属声明，其他继承人同意"),
    "notarised": N_("继承公证书"),
    "judgment": N_("判决书"),
}
