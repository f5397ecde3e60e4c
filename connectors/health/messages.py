"""What the health commission (卫健) sends: births certified by a hospital, severe illnesses confirmed on request."""

import msgspec

from connectors.wire import Code, Day, IdNumber, Number, PersonName


class BirthCertified(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """出生医学证明签发: the newborn has no id number yet, only the certificate's."""

    certificate_number: Number = msgspec.field(name="cszmbh")
    child_name: PersonName | None = msgspec.field(name="xsexm")
    sex_code: Code = msgspec.field(name="xbdm")
    born_on: Day = msgspec.field(name="csrq")
    mother_id_number: IdNumber = msgspec.field(name="mqsfzh")
    mother_name: PersonName = msgspec.field(name="mqxm")
    father_id_number: IdNumber | None = msgspec.field(name="fqsfzh")
    father_name: PersonName | None = msgspec.field(name="fqxm")
    hospital: PersonName = msgspec.field(name="jgmc")
    is_lawful: Code = msgspec.field(name="fhfdsy")
    issued_on: Day = msgspec.field(name="qfrq")


class SevereIllnessConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """重大疾病确认, given under the family's authorisation: which illness is not said, only that there is one."""

    id_number: IdNumber = msgspec.field(name="sfzh")
    name: PersonName = msgspec.field(name="xm")
    report_number: Number = msgspec.field(name="zmbh")
    is_severe: Code = msgspec.field(name="sfzb")
    confirmed_on: Day = msgspec.field(name="qrrq")
    authorised_until: Day = msgspec.field(name="sqyxqz")
