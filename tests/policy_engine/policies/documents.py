"""Small documents for tests: one valid text each, changed where a test needs it."""

import msgspec
import yaml

from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.loading import load_document

BENEFIT = """
id: trial-allowance
version: 1
title: 试验津贴
summary: 每月一百元。
department: 黄石市民政局
jurisdiction: "420200"
audience: person
effective_from: 2026-01-01
legal_basis:
  - {title: 试验办法}
sources:
  notice: {title: 试验通知, url: "https://example.invalid/1", standing: official, checked_on: 2026-11-23}
eligibility:
  - {id: age, text: 年满六十周岁, condition: 年龄 >= 60, source: notice}
benefit: {formula: "100", period: month, source: notice}
funding: {kind: entitlement, fund: fiscal}
accrual: {starts: application_month}
stages:
  - {key: accept, title: 受理, outcome: accept, duty: claim.accept, level: township}
  - {key: decide, title: 决定, outcome: decide, duty: claim.decide, level: county}
delivery: {mode: one_tap}
contacts:
  - {title: 热线, phone: "12345"}
impact_assessment: 试验评估1号
"""

STATUS = """
id: trial-status
version: 1
title: 试验身份
summary: 六十周岁以上。
department: 黄石市民政局
jurisdiction: "420200"
audience: person
effective_from: 2026-01-01
legal_basis:
  - {title: 试验办法}
sources:
  notice: {title: 试验通知, url: "https://example.invalid/1", standing: official, checked_on: 2026-11-23}
eligibility:
  - {id: age, text: 年满六十周岁, condition: 年龄 >= 60, source: notice}
status: {name: 老年人, nature: definition}
delivery: {mode: automatic}
contacts:
  - {title: 热线, phone: "12345"}
impact_assessment: 试验评估1号
"""

CASES = """
cases:
  - name: 六十周岁
    as_of: 2026-11-23
    facts: {出生日期: 1966-11-23}
    expect: {verdict: eligible, amount: 100}
  - name: 差一天
    as_of: 2026-11-22
    facts: {出生日期: 1966-11-23}
    expect: {verdict: ineligible, failing: [age]}
"""


def changed(text: str, **changes: object) -> str:
    """``text`` with some of its items replaced, or removed by None; the others keep their lines where possible."""
    content = msgspec.yaml.decode(text)
    for key, value in changes.items():
        if value is None:
            content.pop(key, None)
        else:
            content[key] = value
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def benefit(**changes: object) -> PolicyDocument:
    return load_document(changed(BENEFIT, **changes)).document


def status(**changes: object) -> PolicyDocument:
    return load_document(changed(STATUS, **changes)).document


def clause(condition: str, *, id: str = "only", source: str | None = None) -> dict[str, object]:
    written: dict[str, object] = {"id": id, "text": "条件原文", "condition": condition}
    return written if source is None else {**written, "source": source}
