"""What civil affairs (民政) sends: relief recognised and ended, orphans, care needs, means, marriages, cremations.

Recognition of relief is an administrative act with a number and dates: it arrives here as a fact and is never
computed by this system.
"""

from typing import Annotated

import msgspec

from connectors.wire import Code, Count, Day, Division, IdNumber, Month, Number, PersonName, Yuan


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """共同生活成员: who lives together for relief, which need not be the register's household."""

    id_number: IdNumber = msgspec.field(name="sfzh")
    name: PersonName = msgspec.field(name="xm")


Members = Annotated[tuple[Member, ...], msgspec.Meta(min_length=1, max_length=30)]


class ReliefRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """社会救助认定: category 01 城市低保, 02 农村低保, 03 低保边缘, 04 特困供养."""

    family_number: Number = msgspec.field(name="jtbh")
    certificate_number: Number = msgspec.field(name="jzzh")
    category: Code = msgspec.field(name="jzlb")
    applicant_id_number: IdNumber = msgspec.field(name="sqrsfzh")
    applicant_name: PersonName = msgspec.field(name="sqrxm")
    members: Members = msgspec.field(name="cy")
    monthly_amount: Yuan = msgspec.field(name="bzje")
    monthly_income: Yuan = msgspec.field(name="jtysr")
    division: Division = msgspec.field(name="xzqh")
    recognised_on: Day = msgspec.field(name="rdrq")
    review_on: Day = msgspec.field(name="fcrq")


class ReliefEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """社会救助终止: from the month ``tzyf`` the recognition no longer holds."""

    family_number: Number = msgspec.field(name="jtbh")
    certificate_number: Number = msgspec.field(name="jzzh")
    category: Code = msgspec.field(name="jzlb")
    applicant_id_number: IdNumber = msgspec.field(name="sqrsfzh")
    applicant_name: PersonName = msgspec.field(name="sqrxm")
    members: Members = msgspec.field(name="cy")
    from_month: Month = msgspec.field(name="tzyf")
    reason: Code = msgspec.field(name="tzyy")


class MeansChecked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """居民家庭经济状况核对: income and assets seen under the family's authorisation, until it ends."""

    report_number: Number = msgspec.field(name="hdbgh")
    applicant_id_number: IdNumber = msgspec.field(name="sqrsfzh")
    applicant_name: PersonName = msgspec.field(name="sqrxm")
    members_count: Count = msgspec.field(name="jtrs")
    monthly_income: Yuan = msgspec.field(name="jtysr")
    assets: Yuan = msgspec.field(name="jtcc")
    checked_on: Day = msgspec.field(name="hdrq")
    authorised_until: Day = msgspec.field(name="sqyxqz")


class OrphanRecognised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """孤儿认定: fostering 1 机构养育, 2 社会散居."""

    id_number: IdNumber = msgspec.field(name="sfzh")
    name: PersonName = msgspec.field(name="xm")
    certificate_number: Number = msgspec.field(name="gezh")
    fostering: Code = msgspec.field(name="yyfs")
    recognised_on: Day = msgspec.field(name="rdrq")


class OrphanEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """孤儿认定终止, for instance by adoption."""

    id_number: IdNumber = msgspec.field(name="sfzh")
    name: PersonName = msgspec.field(name="xm")
    from_month: Month = msgspec.field(name="tzyf")
    reason: Code = msgspec.field(name="tzyy")


class CareNeedAssessed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """照护需求评估: grade 0 能力完好 … 4 完全丧失; ``cqzh`` 1 = care needed for ≥ 6 months."""

    id_number: IdNumber = msgspec.field(name="sfzh")
    name: PersonName = msgspec.field(name="xm")
    report_number: Number = msgspec.field(name="pgbgh")
    grade: Code = msgspec.field(name="pgdj")
    needs_long_term_care: Code = msgspec.field(name="cqzh")
    assessed_on: Day = msgspec.field(name="pgrq")
    valid_until: Day = msgspec.field(name="yxqz")


class CremationRecorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """遗体火化登记: a second source for a death."""

    id_number: IdNumber = msgspec.field(name="sfzh")
    name: PersonName = msgspec.field(name="xm")
    died_on: Day = msgspec.field(name="swrq")
    cremated_on: Day = msgspec.field(name="hhrq")
    certificate_number: Number = msgspec.field(name="hhzh")


class MarriageRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """婚姻登记: kind 1 结婚, 2 离婚, 3 撤销婚姻; both persons, whoever of them lives in this city."""

    certificate_number: Number = msgspec.field(name="hyzh")
    kind: Code = msgspec.field(name="djlx")
    first_id_number: IdNumber = msgspec.field(name="nfsfzh")
    first_name: PersonName = msgspec.field(name="nfxm")
    second_id_number: IdNumber = msgspec.field(name="nvfsfzh")
    second_name: PersonName = msgspec.field(name="nvfxm")
    registered_on: Day = msgspec.field(name="djrq")
