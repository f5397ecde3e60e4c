"""What steps and authorisations are called."""

from kernel.i18n import ENGLISH, N_, current_locale

AUTHORISATION_LABELS: dict[str, str] = {
    "awaiting": N_("等您确认"),
    "authorised": N_("有效"),
    "revoked": N_("已收回"),
    "expired": N_("已到期"),
    "replaced": N_("已被新授权取代"),
}
#: What is told of the history; what only repeats another line is left out.
EVENTS: dict[str, str] = {
    "draft": N_("填写融资需求"),
    "authorise": N_("授权银行查看数据"),
    "authorise_again": N_("重新授权银行查看数据"),
    "revoke_data": N_("收回数据授权"),
    "post": N_("提交融资需求"),
    "route": N_("送到银行"),
    "accept": N_("银行已受理"),
    "contact": N_("银行已联系"),
    "begin_due_diligence": N_("银行开始尽职调查"),
    "approve": N_("银行已批准"),
    "decline": N_("银行未批准"),
    "offer": N_("银行出具方案"),
    "accept_offer": N_("接受方案"),
    "refuse_offer": N_("不接受方案"),
    "lapse": N_("方案已过期"),
    "request_guarantee": N_("提交担保申请"),
    "issue_guarantee": N_("担保已出具"),
    "refuse_guarantee": N_("担保未通过"),
    "contract": N_("签订合同"),
    "disburse": N_("贷款已发放"),
    "pass_by": N_("银行超时未受理，转送他行"),
    "breach": N_("银行超过承诺时限"),
    "withdraw": N_("撤回"),
    "not_choose": N_("选择了其他银行"),
    "exhaust": N_("暂无银行承接"),
    "reopen": N_("重新办理"),
}


def said(zh: str, en: str) -> str:
    """A title in the reader's language."""
    return en if current_locale() == ENGLISH else zh
