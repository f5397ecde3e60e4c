"""What industry's messages mean in the catalogue's terms. Its word on size outranks the register's guess."""

from connectors.events.forms import AttributeChange, Mapped, Reading, firm
from connectors.industry.messages import (
    AboveScaleReported,
    FirmSized,
    GreenFactoryRecognised,
    SpecialityRecognised,
)
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "industry"
SIZE = {"1": "大型", "2": "中型", "3": "小型", "4": "微型"}
SPECIALITY = {"1": "专精特新中小企业", "2": "小巨人企业"}
GREEN = {"1": "省级", "2": "国家级"}
YES_NO = {"0": "no", "1": "yes"}
WITHDRAWN = "0"


def map_sized(message: FirmSized) -> Mapped:
    size, on = read_code("qygm", message.size, SIZE), read_day("hxrq", message.decided_on)
    change = AttributeChange("firm", "firm.size", size, on)
    return Mapped((firm("firm", message.uscc, message.name),), (change,))


def map_speciality(message: SpecialityRecognised) -> Mapped:
    since, until = read_day("rdrq", message.recognised_on), read_day("yxqz", message.valid_until)
    subjects = (firm("firm", message.uscc, message.name),)
    if message.level == WITHDRAWN:
        gone = ("firm.speciality", "firm.speciality_on")
        return Mapped(subjects, tuple(AttributeChange("firm", name, None, since) for name in gone))
    if until <= since:
        raise UnmappableError("yxqz: the recognition must end after it began")
    level = read_code("rddj", message.level, SPECIALITY)
    return Mapped(
        subjects,
        (
            AttributeChange("firm", "firm.speciality", level, since, until),
            AttributeChange("firm", "firm.speciality_on", since.isoformat(), since, until),
        ),
    )


def map_above_scale(message: AboveScaleReported) -> Mapped:
    on = read_day("rkrq", message.reported_on)
    if message.first_year > on.year:
        raise UnmappableError("scrknd: the first year lies after the report")
    is_above = read_code("zkzt", message.is_above, YES_NO) == "yes"
    return Mapped(
        (firm("firm", message.uscc, message.name),),
        (
            AttributeChange("firm", "firm.is_above_scale", is_above, on),
            AttributeChange("firm", "firm.first_above_scale_year", message.first_year, on),
        ),
    )


def map_green_factory(message: GreenFactoryRecognised) -> Mapped:
    on = read_day("rdrq", message.recognised_on)
    is_withdrawn = message.level == WITHDRAWN
    level = None if is_withdrawn else read_code("lsgcdj", message.level, GREEN)
    return Mapped(
        (firm("firm", message.uscc, message.name),),
        (
            AttributeChange("firm", "firm.green_factory", level, on),
            AttributeChange("firm", "firm.green_factory_on", None if is_withdrawn else on.isoformat(), on),
        ),
    )


READINGS = {
    "firm_sized": Reading(FirmSized, map_sized),
    "speciality_recognised": Reading(SpecialityRecognised, map_speciality),
    "above_scale_reported": Reading(AboveScaleReported, map_above_scale),
    "green_factory_recognised": Reading(GreenFactoryRecognised, map_green_factory),
}
