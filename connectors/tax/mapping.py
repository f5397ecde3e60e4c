"""What the tax authority's messages mean in the catalogue's terms.

It collects premiums for social insurance, so it is a second source of months paid; the catalogue ranks it behind.
"""

from connectors.events.forms import AttributeChange, Mapped, Reading, firm, household_of, person
from connectors.tax.messages import DeedTaxPaid, PremiumCollected, RevenueDeclared
from connectors.wire import UnmappableError, read_day, read_fen

SOURCE = "tax"


def map_deed_tax(message: DeedTaxPaid) -> Mapped:
    paid, price = read_fen(message.tax_paid), read_fen(message.taxable_price)
    if paid > price:
        raise UnmappableError("sjse: the tax is more than the price")
    on = read_day("jkrq", message.paid_on)
    household, relation = household_of("payer")
    changes = (
        AttributeChange("household", "household.deed_tax_paid", paid, on),
        AttributeChange("household", "household.taxable_price", price, on),
    )
    return Mapped((person("payer", message.id_number, message.name), household), changes, (relation,))


def map_revenue(message: RevenueDeclared) -> Mapped:
    on = read_day("sbrq", message.declared_on)
    if on.year != message.year + 1:
        raise UnmappableError(f"nd: {message.year} is not the year before the declaration")
    changes = (
        AttributeChange("firm", "firm.revenue_last_year", read_fen(message.revenue), on),
        AttributeChange("firm", "firm.main_revenue_this_year", read_fen(message.main_revenue_this_year), on),
    )
    return Mapped((firm("firm", message.uscc, message.name),), changes)


def map_premium(message: PremiumCollected) -> Mapped:
    as_of = read_day("tjrq", message.as_of)
    change = AttributeChange("person", "person.ui_paid_months", message.premium_months, as_of)
    return Mapped((person("person", message.id_number, message.name),), (change,))


READINGS = {
    "deed_tax_paid": Reading(DeedTaxPaid, map_deed_tax),
    "revenue_declared": Reading(RevenueDeclared, map_revenue),
    "premium_collected": Reading(PremiumCollected, map_premium),
}
