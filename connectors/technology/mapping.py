"""What the recognitions of technology firms mean in the catalogue's terms."""

from connectors.events.forms import AttributeChange, Mapped, Reading, firm
from connectors.technology.messages import HiTechRecognised, HiTechRevoked, TechnologySmeListed
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "science"
YES_NO = {"0": "no", "1": "yes"}
REASON = {"1": "到期未重新认定", "2": "不再符合条件", "3": "弄虚作假"}


def map_recognised(message: HiTechRecognised) -> Mapped:
    """The first recognition and a renewed one are paid differently, so they are told apart."""
    since, until = read_day("rdrq", message.recognised_on), read_day("yxqz", message.valid_until)
    if message.times_recognised == 0:
        raise UnmappableError("rdcs: a recognition is at least the first")
    recognition = "首次" if message.times_recognised == 1 else "重新"
    return Mapped(
        (firm("firm", message.uscc, message.name),),
        (
            AttributeChange("firm", "firm.hitech_recognition", recognition, since, until),
            AttributeChange("firm", "firm.hitech_recognised_on", since.isoformat(), since, until),
        ),
    )


def map_revoked(message: HiTechRevoked) -> Mapped:
    since = read_day("qxrq", message.revoked_on)
    read_code("qxyy", message.reason, REASON)
    return Mapped(
        (firm("firm", message.uscc, message.name),),
        (
            AttributeChange("firm", "firm.hitech_recognition", None, since),
            AttributeChange("firm", "firm.hitech_recognised_on", None, since),
        ),
    )


def map_listed(message: TechnologySmeListed) -> Mapped:
    """Listed for a year; struck off is known to be none, run out is unknown until it is listed again."""
    since, until = read_day("rkrq", message.listed_on), read_day("yxqz", message.valid_until)
    is_listed = read_code("rkzt", message.is_listed, YES_NO) == "yes"
    change = AttributeChange("firm", "firm.is_technology_sme", is_listed, since, until if is_listed else None)
    return Mapped((firm("firm", message.uscc, message.name),), (change,))


READINGS = {
    "hi_tech_recognised": Reading(HiTechRecognised, map_recognised),
    "hi_tech_revoked": Reading(HiTechRevoked, map_revoked),
    "technology_sme_listed": Reading(TechnologySmeListed, map_listed),
}
