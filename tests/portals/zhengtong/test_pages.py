"""Every page answers its seat in both languages, and names the duty to those who lack it."""

import pytest

from tests.portals.zhengtong.conftest import Enter

PAGES = [
    ("street", "/zhengtong", "待办", "To do"),
    ("author", "/zhengtong", "政策草稿", "Policy drafts"),
    ("auditor", "/zhengtong", "现在没有等您办理的事", "Nothing waits for you now"),
    ("author", "/zhengtong/policies", "依据情况", "Standing"),
    ("author", "/zhengtong/policies/new", "检查并存为草稿", "Check and save as draft"),
    ("finance", "/zhengtong/payments", "待支付", "Ready to pay"),
    ("finance", "/zhengtong/payments?view=returned", "退回", "Returned"),
    ("finance", "/zhengtong/payments/batches", "支付批次", "Payment batches"),
    ("finance", "/zhengtong/payments/budgets", "预算与账本", "Budgets and books"),
    ("finance", "/zhengtong/payments/reconciliation", "还没有对过账", "No day has been held"),
    ("finance", "/zhengtong/payments/reconciliation/2026-11-20", "银行和账本逐笔一致", "agree line by line"),
    ("finance", "/zhengtong/payments/runs/new", "整批发放", "Pay in one go"),
    ("finance", "/zhengtong/overpayments", "多发追回", "Overpayments"),
    ("civil_affairs", "/zhengtong/rights", "在享待遇", "Rights in force"),
    ("street", "/zhengtong/counter", "帮群众办", "Help at the counter"),
    ("street", "/zhengtong/counter/visits", "上门走访", "Visits"),
    ("licensing", "/zhengtong/licences", "证照管理", "Licences"),
    ("licensing", "/zhengtong/licences/new?type=disability-certificate", "残疾等级", "Level"),
    ("auditor", "/zhengtong/audit", "操作记录", "Audit trail"),
    ("auditor", "/zhengtong/audit?check=1", "链完整", "the chain is whole"),
    ("administrator", "/zhengtong/system/letters", "积压任务", "Stuck tasks"),
    ("administrator", "/zhengtong/system/connectors", "外部系统", "Outside systems"),
    ("administrator", "/zhengtong/system/files", "批量数据", "Files of facts"),
    ("civil_affairs", "/zhengtong/quality", "数据质量", "Data quality"),
    ("civil_affairs", "/zhengtong/exchange", "数据共享", "Shared data"),
    ("civil_affairs", "/zhengtong/objections", "信息异议", "Objections to facts"),
    ("administrator", "/zhengtong/system/events", "部门事件", "Department events"),
    ("administrator", "/zhengtong/system/seats", "职责属于席位", "Duties belong to the seat"),
]


@pytest.mark.parametrize(("seat", "path", "chinese", "english"), PAGES)
def test_a_page_answers_in_both_languages(
    enter: Enter, seat: str, path: str, chinese: str, english: str
) -> None:
    answer = enter(seat).get(path)
    assert answer.status_code == 200
    assert chinese in answer.text
    in_english = enter(seat, language="en").get(path)
    assert in_english.status_code == 200
    assert english in in_english.text
