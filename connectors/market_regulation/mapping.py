"""What market regulation's messages mean in the catalogue's terms."""

from connectors.events.forms import AttributeChange, Mapped, Reading, Relation, firm, person
from connectors.market_regulation.messages import (
    FirmRegistered,
    FirmStandingChanged,
    LegalRepresentativeChanged,
)
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "market_regulation"
KIND = {
    "1000": "企业",
    "4000": "分支机构",
    "5100": "社会团体",
    "5200": "社会服务机构",
    "5300": "基金会",
    "9100": "农民专业合作社",
    "9500": "个体工商户",
}
# Sections of GB/T 4754-2017 in the catalogue's words; T (international organisations) has none here.
INDUSTRY = {
    "A": "农林牧渔业",
    "B": "采矿业",
    "C": "制造业",
    "D": "电力热力燃气及水",
    "E": "建筑业",
    "F": "批发零售业",
    "G": "交通运输仓储邮政业",
    "H": "住宿餐饮业",
    "I": "信息传输软件业",
    "J": "金融业",
    "K": "房地产业",
    "L": "租赁商务服务业",
    "M": "科学研究技术服务业",
    "N": "水利环境公共设施业",
    "O": "居民服务业",
    "P": "教育",
    "Q": "卫生社会工作",
    "R": "文化体育娱乐业",
    "S": "公共管理社会组织",
}
SIZE = {"1": "大型", "2": "中型", "3": "小型", "4": "微型"}
STANDING = {"1": "存续", "2": "经营异常", "3": "吊销", "4": "注销"}


def map_registered(message: FirmRegistered) -> Mapped:
    since = read_day("clrq", message.established_on)
    facts = {
        "firm.registered_division": message.division,
        "firm.firm_kind": read_code("qylx", message.kind, KIND),
        "firm.industry": read_code("hydm", message.industry[:1], INDUSTRY),
        "firm.registered_on": since.isoformat(),
        "firm.is_abnormal": False,
        "firm.size": read_code("qygm", message.size, SIZE),
    }
    subjects = (
        firm("firm", message.uscc, message.name),
        person("representative", message.representative_id_number, message.representative_name),
    )
    changes = tuple(AttributeChange("firm", name, value, since) for name, value in facts.items())
    return Mapped(subjects, changes, (Relation("firm", "represented_by", "representative"),))


def map_representative_changed(message: LegalRepresentativeChanged) -> Mapped:
    """No attribute changes: who may act for the firm does, and identity listens for that."""
    read_day("bgrq", message.changed_on)
    if message.former_id_number == message.representative_id_number:
        raise UnmappableError("fddbrsfzh: the new legal representative is the former one")
    subjects = [
        firm("firm", message.uscc, message.name),
        person("representative", message.representative_id_number, message.representative_name),
    ]
    relations = [Relation("firm", "represented_by", "representative")]
    if message.former_id_number:
        subjects.append(person("former", message.former_id_number, message.former_name))
        relations.append(Relation("firm", "no_longer_represented_by", "former"))
    return Mapped(tuple(subjects), (), tuple(relations))


def map_standing_changed(message: FirmStandingChanged) -> Mapped:
    """Only 存续 is normal: a firm struck off or dissolved must not be offered anything.

    注销 ends the firm itself, and with it all who act for it; 吊销 leaves it to be wound up by its representative.
    """
    since = read_day("bgrq", message.changed_on)
    standing = read_code("jyzt", message.standing, STANDING)
    change = AttributeChange("firm", "firm.is_abnormal", standing != "存续", since)
    relations = (Relation("firm", "is_dissolved", "firm"),) if standing == "注销" else ()
    return Mapped((firm("firm", message.uscc, message.name),), (change,), relations)


READINGS = {
    "firm_registered": Reading(FirmRegistered, map_registered),
    "legal_representative_changed": Reading(LegalRepresentativeChanged, map_representative_changed),
    "firm_standing_changed": Reading(FirmStandingChanged, map_standing_changed),
}
