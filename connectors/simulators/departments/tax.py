"""The simulated tax authority."""

from typing import Annotated

from connectors.simulators.actions import Action, Count, FirmForm, OptionalDay, PersonForm, Yuan, titled
from connectors.simulators.desk import Desk, SentEvent, day
from connectors.tax.messages import DeedTaxPaid, PremiumCollected, RevenueDeclared

DEPARTMENT = "tax"


class PayDeedTax(PersonForm, frozen=True, kw_only=True):
    taxable_price: Annotated[Yuan, titled("计税价格（元）")] = "600000.00"
    tax_paid: Annotated[Yuan, titled("已缴契税（元）")] = "6000.00"
    paid_on: OptionalDay = None


class DeclareRevenue(FirmForm, frozen=True, kw_only=True):
    revenue: Annotated[Yuan, titled("上年度营业收入（元）")] = "5000000.00"
    main_revenue_this_year: Annotated[Yuan, titled("当年主营业务收入（元）")] = "4200000.00"


class CollectPremium(PersonForm, frozen=True, kw_only=True):
    premium_months: Annotated[Count, titled("失业保险累计缴费月数")] = 36


def pay_deed_tax(desk: Desk, form: PayDeedTax) -> SentEvent:
    person = desk.person(form.id_number)
    message = DeedTaxPaid(
        id_number=person["id_number"],
        name=person["name"],
        certificate_number=desk.number("WS"),
        taxable_price=form.taxable_price,
        tax_paid=form.tax_paid,
        paid_on=day(form.paid_on or desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "deed_tax_paid", message, person["id_number"])


def declare_revenue(desk: Desk, form: DeclareRevenue) -> SentEvent:
    firm, today = desk.firm(form.uscc), desk.clock.today()
    message = RevenueDeclared(
        uscc=firm["uscc"],
        name=firm["name"],
        year=today.year - 1,
        revenue=form.revenue,
        main_revenue_this_year=form.main_revenue_this_year,
        declared_on=day(today),
    )
    return desk.send(DEPARTMENT, "revenue_declared", message, firm["uscc"])


def collect_premium(desk: Desk, form: CollectPremium) -> SentEvent:
    person = desk.person(form.id_number)
    message = PremiumCollected(
        id_number=person["id_number"],
        name=person["name"],
        premium_months=form.premium_months,
        as_of=day(desk.clock.today()),
    )
    return desk.send(DEPARTMENT, "premium_collected", message, person["id_number"])


ACTIONS = (
    Action(DEPARTMENT, "pay-deed-tax", "登记契税完税", "person", PayDeedTax, pay_deed_tax),
    Action(DEPARTMENT, "collect-premium", "登记征收社保费", "person", CollectPremium, collect_premium),
    Action(DEPARTMENT, "declare-revenue", "登记汇算清缴", "firm", DeclareRevenue, declare_revenue),
)
