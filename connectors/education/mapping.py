"""What education's messages mean in the catalogue's terms."""

from connectors.education.messages import (
    HardshipRecognised,
    StudentEnrolled,
    StudentLeft,
    StudentLoanReported,
)
from connectors.events.forms import AttributeChange, Mapped, Reading, person
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "education"
STAGE = {
    "01": "学前",
    "02": "小学",
    "03": "初中",
    "04": "普通高中",
    "05": "中职",
    "06": "高职",
    "07": "本科",
    "08": "研究生",
}
REASON = {"1": "毕业", "2": "退学", "3": "转出本市"}
HARDSHIP = {"0": None, "1": "一般困难", "2": "困难", "3": "特别困难"}
LOAN_STATE = {"0": "settled", "1": "open"}


def map_enrolled(message: StudentEnrolled) -> Mapped:
    since, ends = read_day("rxrq", message.enrolled_on), read_day("yjbyrq", message.graduates_on)
    if ends <= since:
        raise UnmappableError("yjbyrq: the stage must end after it began")
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.school_stage", read_code("xd", message.stage, STAGE), since),
            AttributeChange("person", "person.graduates_on", ends.isoformat(), since),
        ),
    )


def map_left(message: StudentLeft) -> Mapped:
    """The day of a graduation stays on record: benefits for the years after it are reckoned from there."""
    since = read_day("lxrq", message.left_on)
    has_graduated = read_code("lxyy", message.reason, REASON) == "毕业"
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.school_stage", None, since),
            AttributeChange(
                "person", "person.graduates_on", since.isoformat() if has_graduated else None, since
            ),
        ),
    )


def map_hardship(message: HardshipRecognised) -> Mapped:
    """Recognised for a school year; afterwards it is unknown again, not none."""
    since, until = read_day("rdrq", message.recognised_on), read_day("yxqz", message.valid_until)
    if until <= since:
        raise UnmappableError("yxqz: the recognition must end after it began")
    if message.level not in HARDSHIP:
        raise UnmappableError(f"kndj: code {message.level!r} is not known (known: 0, 1, 2, 3)")
    change = AttributeChange("person", "person.student_hardship", HARDSHIP[message.level], since, until)
    return Mapped((person("person", message.id_number, message.name),), (change,))


def map_loan(message: StudentLoanReported) -> Mapped:
    is_open = read_code("dkzt", message.is_open, LOAN_STATE) == "open"
    since = read_day("djrq", message.reported_on)
    change = AttributeChange("person", "person.has_student_loan", is_open, since)
    return Mapped((person("person", message.id_number, message.name),), (change,))


READINGS = {
    "student_enrolled": Reading(StudentEnrolled, map_enrolled),
    "student_left": Reading(StudentLeft, map_left),
    "hardship_recognised": Reading(HardshipRecognised, map_hardship),
    "student_loan_reported": Reading(StudentLoanReported, map_loan),
}
