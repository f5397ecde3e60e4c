"""What may happen on the way: repaid early in part or in full, extended 展期, or at another rate from a day on."""

from datetime import date
from fractions import Fraction
from typing import Final, Literal

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from portals.financing.costs.days import months_between, months_later
from portals.financing.costs.interest import interest_fen
from portals.financing.costs.rounding import to_whole
from portals.financing.costs.schedule import Instalment, Schedule, run_off
from portals.financing.costs.terms import LoanTerms, RateChange, require_sound

#: 贷款通则 Art. 12: a long loan is extended by three years at most.
_LONGEST_EXTENSION_MONTHS: Final = 36
#: 违约金 above this share of what is repaid early is a slip of the pen.
_HIGHEST_FEE_BP: Final = 1000


class EarlyRepayment(msgspec.Struct, frozen=True, kw_only=True):
    """What repaying early means: what is due that day, the schedule afterwards, and what it saves after the fee."""

    on: date
    principal_fen: int
    interest_fen: int
    fee_fen: int
    schedule: Schedule
    interest_saved_fen: int

    @property
    def due_fen(self) -> int:
        return self.principal_fen + self.interest_fen + self.fee_fen

    @property
    def saved_fen(self) -> int:
        return self.interest_saved_fen - self.fee_fen


def repay_early(
    schedule: Schedule,
    on: date,
    amount_fen: int | None = None,
    *,
    fee_bp: int = 0,
    keep: Literal["term", "instalment"] = "term",
) -> EarlyRepayment:
    """Repay ``amount_fen`` of the principal on a day, or all of it (None).

    Interest to that day on all that is owed is paid with it, broken periods by their days. ``keep`` the term (smaller
    instalments) or the instalment (done earlier; only equal instalments and equal principal have one to keep). Raises
    ``InvalidInput`` before the loan, after its end, on nothing, on more than is owed.
    """
    paid = [one for one in schedule.instalments if one.due_on <= on]
    balance_fen = paid[-1].balance_fen if paid else schedule.terms.principal_fen
    principal_fen = balance_fen if amount_fen is None else amount_fen
    _require_repayable(schedule, on, principal_fen, balance_fen, fee_bp)
    start = paid[-1].due_on if paid else schedule.terms.disbursed_on
    extra = Instalment(
        number=len(paid) + 1,
        due_on=on,
        days=(on - start).days,
        principal_fen=principal_fen,
        interest_fen=interest_fen(schedule.terms, balance_fen, start, on),
        balance_fen=balance_fen - principal_fen,
    )
    rest = _afterwards(schedule, extra, keep) if extra.balance_fen else ()
    changed = Schedule(terms=schedule.terms, instalments=(*paid, extra, *rest))
    return EarlyRepayment(
        on=on,
        principal_fen=principal_fen,
        interest_fen=extra.interest_fen,
        fee_fen=to_whole(Fraction(principal_fen * fee_bp, 10_000), schedule.terms.rounding),
        schedule=changed,
        interest_saved_fen=schedule.interest_fen - changed.interest_fen,
    )


def _afterwards(
    schedule: Schedule, extra: Instalment, keep: Literal["term", "instalment"]
) -> tuple[Instalment, ...]:
    ahead = [one for one in schedule.instalments if one.due_on > extra.due_on]
    due = [one.due_on for one in ahead]
    if keep == "instalment" and schedule.terms.method in ("equal_instalments", "equal_principal"):
        due = due[: _count_kept(schedule.terms, extra, ahead)]
    return run_off(schedule.terms, extra.balance_fen, extra.due_on, due, first=extra.number + 1)


def _count_kept(terms: LoanTerms, extra: Instalment, ahead: list[Instalment]) -> int:
    """The fewest instalments that repay what is left without any of them exceeding what was agreed."""
    agreed_fen = max(_burden(terms, one) for one in ahead)
    low, high = 1, len(ahead)
    while low < high:
        middle = (low + high) // 2
        due = [one.due_on for one in ahead[:middle]]
        made = run_off(terms, extra.balance_fen, extra.due_on, due, first=1)
        if max(_burden(terms, one) for one in made) <= agreed_fen:
            high = middle
        else:
            low = middle + 1
    return low


def _burden(terms: LoanTerms, one: Instalment) -> int:
    """What stays level: the instalment, or its principal."""
    return one.principal_fen if terms.method == "equal_principal" else one.total_fen


def _require_repayable(
    schedule: Schedule, on: date, principal_fen: int, balance_fen: int, fee_bp: int
) -> None:
    if not schedule.terms.disbursed_on < on < schedule.maturity_on or balance_fen == 0:
        what = _("提前还款日应当在放款之后、到期之前。")
        raise InvalidInput(what, errors=[FieldError("on", what, _("请选择贷款存续期间的一天。"))])
    if not 0 < principal_fen <= balance_fen:
        what = _("提前归还的本金应当大于零，不超过所欠本金。")
        raise InvalidInput(what, errors=[FieldError("amount_fen", what, _("全部提前结清的，请留空。"))])
    if not 0 <= fee_bp <= _HIGHEST_FEE_BP:
        what = _("提前还款违约金应当在0到10%之间。")
        raise InvalidInput(what, errors=[FieldError("fee_bp", what, _("例如1%填写100。"))])


def extend(schedule: Schedule, on: date, months: int, *, rate_bp: int | None = None) -> Schedule:
    """Extend the loan by ``months`` from its maturity, agreed on ``on``; what is left runs off until the new end.

    Interest up to the day of the extension falls due on it, so that what runs before and after is never one sum.
    贷款通则 Art. 12: a loan of up to a year at most by its own term, one of up to five years by half of it, a longer
    one by three years. ``rate_bp`` is the rate from the old maturity on.
    """
    terms = schedule.terms
    limit = _extension_limit(terms.term_months)
    if not 1 <= months <= limit:
        what = _("展期最长%(months)s个月。", months=limit)
        mend = _("短期贷款展期不超过原期限，中期不超过一半，长期不超过3年。")
        raise InvalidInput(what, errors=[FieldError("months", what, mend)])
    if not terms.disbursed_on <= on < schedule.maturity_on:
        what = _("展期应当在到期之前商定。")
        raise InvalidInput(what, errors=[FieldError("on", what, _("已经到期的贷款不能展期。"))])
    new_terms = msgspec.structs.replace(terms, term_months=terms.term_months + months)
    if rate_bp is not None:
        changes = (*terms.rate_changes, RateChange(schedule.maturity_on, rate_bp))
        new_terms = msgspec.structs.replace(new_terms, rate_changes=changes)
    require_sound(new_terms)
    kept = [one for one in schedule.instalments if one.due_on <= on]
    balance_fen = kept[-1].balance_fen if kept else terms.principal_fen
    kept += _interest_until(terms, kept[-1] if kept else None, on)
    start = kept[-1].due_on if kept else terms.disbursed_on
    until = months_later(terms.disbursed_on, new_terms.term_months)
    due = _due_after(new_terms, schedule, start, until)
    return Schedule(
        terms=new_terms,
        instalments=(*kept, *run_off(new_terms, balance_fen, start, due, first=len(kept) + 1)),
    )


def _interest_until(terms: LoanTerms, last: Instalment | None, on: date) -> list[Instalment]:
    """The interest that has run since the last due day, due on a day of its own; nothing on a due day itself."""
    start = terms.disbursed_on if last is None else last.due_on
    balance_fen = terms.principal_fen if last is None else last.balance_fen
    if on == start:
        return []
    cut = Instalment(
        number=1 if last is None else last.number + 1,
        due_on=on,
        days=(on - start).days,
        principal_fen=0,
        interest_fen=interest_fen(terms, balance_fen, start, on),
        balance_fen=balance_fen,
    )
    return [cut]


def _extension_limit(term_months: int) -> int:
    if term_months <= 12:
        return term_months
    return term_months // 2 if term_months <= 60 else _LONGEST_EXTENSION_MONTHS


def _due_after(terms: LoanTerms, schedule: Schedule, start: date, until: date) -> list[date]:
    """The old days still ahead (a one-off loan settles its interest at the old maturity too), then new ones."""
    due = [one.due_on for one in schedule.instalments if one.due_on > start]
    count = int(months_between(terms.disbursed_on, schedule.maturity_on))
    while terms.method != "one_off":
        count += terms.every_months
        day = months_later(terms.disbursed_on, count, on_day=terms.due_day)
        if day >= until:
            break
        if day > due[-1]:
            due.append(day)
    return [*due, until]


def change_rate(schedule: Schedule, on: date, rate_bp: int) -> Schedule:
    """Another rate from a day on (重定价): instalments that were due stay, those ahead are reckoned anew."""
    if not schedule.terms.disbursed_on < on < schedule.maturity_on:
        what = _("利率调整日应当在放款之后、到期之前。")
        raise InvalidInput(what, errors=[FieldError("on", what, _("请选择贷款存续期间的一天。"))])
    terms = schedule.terms
    kept_changes = [change for change in terms.rate_changes if change.on < on]
    new_terms = msgspec.structs.replace(terms, rate_changes=(*kept_changes, RateChange(on, rate_bp)))
    require_sound(new_terms)
    kept = [one for one in schedule.instalments if one.due_on <= on]
    start = kept[-1].due_on if kept else terms.disbursed_on
    balance_fen = kept[-1].balance_fen if kept else terms.principal_fen
    due = [one.due_on for one in schedule.instalments if one.due_on > on]
    return Schedule(
        terms=new_terms,
        instalments=(*kept, *run_off(new_terms, balance_fen, start, due, first=len(kept) + 1)),
    )
