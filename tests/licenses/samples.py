"""One made-up licence of every type, and numbers that nobody alive bears (the division code 000000 is never given)."""

from typing import Any

FIELDS: dict[str, dict[str, Any]] = {
    "birth-certificate": {"sex": "女", "birth_date": "2026-05-01"},
    "business-licence": {
        "firm_kind": "企业",
        "registered_on": "2020-01-02",
        "registered_division": "420202007",
    },
    "dibao-certificate": {"from_on": "2026-01-01", "members": 2, "amount_fen": 80_000},
    "disability-certificate": {"level": 1, "category": "肢体"},
    "driving-licence": {"class": "C1", "first_issued_on": "2015-06-01"},
    "employment-certificate": {"unemployed_on": "2026-10-01"},
    "food-permit": {"business": "餐饮服务经营者", "premises": "胜阳港街道1号", "items": "热食类食品制售"},
    "graduation-certificate": {
        "school": "黄石演示大学",
        "subject": "数学",
        "stage": "本科",
        "graduated_on": "2026-06-30",
    },
    "hitech-certificate": {"recognition": "首次", "recognised_on": "2026-09-01"},
    "household-register": {
        "household_kind": "家庭户",
        "relation": "户主",
        "hukou_type": "城镇",
        "hukou_division": "420202007",
        "address": "胜阳港街道1号",
    },
    "marriage-certificate": {"registered_on": "2019-10-01", "spouse_name": "程某"},
    "real-estate-certificate": {
        "unit_number": "420202001001GB00001F00010001",
        "location": "胜阳港街道1号",
        "use": "住宅",
        "area": 89,
        "acquired_by": "买卖",
        "registered_on": "2026-03-01",
    },
    "resident-id": {"sex": "女", "birth_date": "1949-12-31", "address": "胜阳港街道1号"},
    "social-security-card": {"bank": "演示银行", "card_tail": "1234"},
}


def id_number(serial: int) -> str:
    """A citizen's number with its check digit (GB 11643)."""
    body = (
        f"00000019900101{serial % 1000:03d}"
        if serial < 1000
        else f"000000{19000101 + serial // 1000}{serial % 1000:03d}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]
