"""What the tax authority (税务) sends: deed tax paid, revenue declared, premiums it collected for social insurance."""

from typing import Annotated

import msgspec

from connectors.wire import Count, Day, FirmName, IdNumber, Number, PersonName, Uscc, Yuan

Year = Annotated[int, msgspec.Meta(ge=2000, le=2100)]


class DeedTaxPaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """契税完税: tax paid and the price it was reckoned from, of one household's latest purchase."""

    id_number: IdNumber = msgspec.field(name="nsrzjh")
    name: PersonName = msgspec.field(name="nsrxm")
    certificate_number: Number = msgspec.field(name="wspzh")
    taxable_price: Yuan = msgspec.field(name="jsjg")
    tax_paid: Yuan = msgspec.field(name="sjse")
    paid_on: Day = msgspec.field(name="jkrq")


class RevenueDeclared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """企业所得税汇算清缴: revenue of a past year, main operating revenue of the running one so far."""

    uscc: Uscc = msgspec.field(name="nsrsbh")
    name: FirmName = msgspec.field(name="nsrmc")
    year: Year = msgspec.field(name="nd")
    revenue: Yuan = msgspec.field(name="yysr")
    main_revenue_this_year: Yuan = msgspec.field(name="bnzyywsr")
    declared_on: Day = msgspec.field(name="sbrq")


class PremiumCollected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """社会保险费征收: months of unemployment premium it has received for a person, in all."""

    id_number: IdNumber = msgspec.field(name="jfrzjh")
    name: PersonName = msgspec.field(name="jfrxm")
    premium_months: Count = msgspec.field(name="ljys")
    as_of: Day = msgspec.field(name="tjrq")
