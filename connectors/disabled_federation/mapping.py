"""What the federation's certificates mean in the catalogue's terms."""

from connectors.disabled_federation.messages import CertificateCancelled, CertificateIssued
from connectors.events.forms import AttributeChange, Mapped, Reading, person
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "disabled_federation"
CATEGORY = {"1": "视力", "2": "听力", "3": "言语", "4": "肢体", "5": "智力", "6": "精神", "7": "多重"}
LEVEL = {"1": "一级", "2": "二级", "3": "三级", "4": "四级"}
REASON = {"1": "死亡", "2": "复评不符合", "3": "本人申请", "9": "其他"}


def map_issued(message: CertificateIssued) -> Mapped:
    """Category and level must be those that the certificate's number ends with."""
    category = read_code("cjlb", message.category, CATEGORY)
    read_code("cjdj", message.level, LEVEL)
    if message.certificate_number[18:20] != message.category + message.level:
        raise UnmappableError("cjrzh: the number's category and level differ from cjlb and cjdj")
    since, until = read_day("fzrq", message.issued_on), read_day("yxqz", message.valid_until)
    return Mapped(
        (person("person", message.certificate_number[:18], message.name),),
        (
            AttributeChange("person", "person.disability_level", int(message.level), since, until),
            AttributeChange("person", "person.disability_category", category, since, until),
        ),
    )


def map_cancelled(message: CertificateCancelled) -> Mapped:
    read_code("zxyy", message.reason, REASON)
    since = read_day("zxrq", message.cancelled_on)
    return Mapped(
        (person("person", message.certificate_number[:18], message.name),),
        (
            AttributeChange("person", "person.disability_level", None, since),
            AttributeChange("person", "person.disability_category", None, since),
        ),
    )


READINGS = {
    "certificate_issued": Reading(CertificateIssued, map_issued),
    "certificate_cancelled": Reading(CertificateCancelled, map_cancelled),
}
