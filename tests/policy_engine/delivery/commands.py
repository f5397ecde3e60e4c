"""Everything that anybody can ask of delivery, made from small numbers: which thing, and which of the ways it can be asked.

A command is made for the store as it is, and may be given once, twice, or together with others at one moment. Most are
such as fit where things stand; a refusal is a fine answer, a broken promise never is.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias, TypeVar

import msgspec
import sqlalchemy as sa

from kernel.database import Base
from kernel.errors import DongchuError, Unavailable
from kernel.outbox import Worker
from kernel.web.principal import Principal
from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.stages import present_stage
from policy_engine.delivery.ledger.models import Budget, YearClosing
from policy_engine.delivery.means import jobs as means_jobs
from policy_engine.delivery.means import repository as checks
from policy_engine.delivery.means import service as means
from policy_engine.delivery.means.withdrawing import withdraw as withdraw_consent
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.ports import Recheck
from policy_engine.delivery.publicity import service as noticing
from policy_engine.delivery.ratings import service as ratings
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.states import OPEN_CLAIM, OPEN_OVERPAYMENT
from policy_engine.delivery.terms import Signatory
from policy_engine.matching.effects import Verdict
from tests.policy_engine.delivery.city import (
    BABY,
    DAUGHTER,
    FATHER,
    FIRM,
    GRANDMOTHER,
    HIRING,
    MOTHER,
    NURSING,
    THREE_STAGES,
    Ending,
    Office,
    Trouble,
    agent,
    clerk,
    decider,
    finance,
    official,
    person,
)
from tests.policy_engine.delivery.stories import known_person, tell_death

Act: TypeAlias = Callable[[], object]
Right: TypeAlias = tuple[str, int, int]
Row = TypeVar("Row", bound=Base)

ACCEPT, REVIEW, DECIDE = THREE_STAGES
JOINT_STAGES = (
    ACCEPT,
    msgspec.structs.replace(
        REVIEW,
        department="",
        joint=(Signatory(title="残联", department="残联"), Signatory(title="卫健", department="卫健局")),
    ),
    msgspec.structs.replace(DECIDE, joint=(Signatory(title="甲"), Signatory(title="乙"))),
)
FEDERATION, OTHER_FEDERATION, HEALTH = (
    official(number, "claim.joint_review", department=department)
    for number, department in ((911, "残联"), (912, "残联"), (913, "卫健局"))
)
DECIDERS = [decider(number) for number in (921, 922, 923, 924)]
#: One of them sits on seats of two duties, as happens in small offices; another decides and pays.
BOTH = official(925, "claim.accept", "claim.decide")
DECIDES_AND_PAYS = official(921, "payment.approve", department="财政局")
OFFICIALS = [clerk(), FEDERATION, OTHER_FEDERATION, HEALTH, *DECIDERS, BOTH]
FINANCE = finance()
CITY_FINANCE = [
    official(number, "payment.approve", division="420200", department="财政局") for number in (951, 952)
]
#: policy, subject, unit: one by herself, two parents of one child, a firm with two hires, a firm that asks for nothing.
RIGHTS: Sequence[Right] = (
    ("nursing", GRANDMOTHER, GRANDMOTHER),
    ("childcare", MOTHER, BABY),
    ("childcare", FATHER, BABY),
    ("hiring", FIRM, 1001),
    ("hiring", FIRM, 1002),
    ("retention", FIRM, FIRM),
)
PEOPLE = (GRANDMOTHER, MOTHER, FATHER, DAUGHTER, FIRM)
FITTING: Mapping[str, Sequence[service.Action]] = {
    "accept": ("accept", "accept", "return_for_supplement"),
    "joint_review": ("recommend", "recommend", "advise_against", "return_for_supplement"),
    "decide": ("grant", "grant", "grant", "refuse"),
}
TROUBLES: Sequence[Trouble | None] = (None, None, "lost", "answer_lost", "down", "died")
ENDINGS: Sequence[Ending] = ("paid", "paid", "returned", "sent_to_bank")
#: What the engine gives beside the usual, in tenths of it.
SHARES = (10, 5, 15)
DAYS = (1, 4, 12, 31, 95, 370)
DIED_ON = date(2026, 11, 20)


#: The happy way of a claim with joint stages.
WAYS: Sequence[tuple[Principal, service.Action]] = (
    (clerk(), "accept"),
    (FEDERATION, "recommend"),
    (HEALTH, "recommend"),
    (DECIDERS[1], "grant"),
    (DECIDERS[2], "grant"),
)


class NothingThere(Exception):
    """Nothing that the command could be about."""


class Commands:
    """Of one town with one office; ``make`` gives the command of a name, or nothing where there is nothing to do it to."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.sequence = 10
        #: How often each was not refused.
        self.accepted: Counter[str] = Counter()
        self.most_fen = {
            policy_id: amount * max(SHARES) // 10 for policy_id, amount in office.town.amounts.items()
        }
        known_person(office, GRANDMOTHER)
        self.accounts = {subject: office.account(subject, f"62220201112{subject:08d}") for subject in PEOPLE}
        office.budget(25_000)
        office.budget(720_000, "childcare")
        office.budget(150_000, "hiring", "quota")
        office.budget(600_000, "retention")

    def make(self, name: str, place: int, choice: int) -> Act | None:
        try:
            act: Act = getattr(self, name)(place, choice)
        except NothingThere:
            return None
        return act

    # How commands are given.
    def _command(self, what: Callable[..., object], /, *, ports: bool = True, **more: Any) -> Act:
        """In a transaction of its own, at the moment it was made for; a refusal is a fine answer."""
        arguments: dict[str, Any] = {"now": self.office.now, **more}
        name = getattr(what, "__qualname__", "").rpartition(".")[2]
        if ports:
            arguments["ports"] = self.office.ports

        def give() -> None:
            try:
                with self.office.database.write(timeout=60) as session:
                    what(session, **arguments)
            except Unavailable:  # two who wait for each other: rows are locked in one order
                raise
            except DongchuError:
                return
            self.accepted[name] += 1

        return give

    def _rows(self, table: type[Row], *where: sa.ColumnElement[bool]) -> list[Row]:
        with self.office.database.read() as session:
            key = sa.inspect(table).primary_key
            return list(session.scalars(sa.select(table).where(*where).order_by(*key)))

    def _pick(self, table: type[Row], place: int, *where: sa.ColumnElement[bool]) -> Row:
        """One of those that fit, or of all where none does."""
        rows = self._rows(table, *where) or self._rows(table)
        if not rows:
            raise NothingThere
        return rows[place % len(rows)]

    def _open_claim(self, place: int) -> Claim:
        return self._pick(Claim, place, Claim.state.in_(OPEN_CLAIM))

    def _fit(self, claim: Claim, place: int) -> Principal:
        """Somebody who can act where the claim stands."""
        duty = present_stage(claim).duty
        able = [one for one in OFFICIALS if one.seat is not None and duty in one.seat.duties]
        return able[place % len(able)]

    # Offers and what their owners do.
    def match(self, place: int, choice: int) -> Act:
        verdicts: Sequence[Verdict] = ("eligible", "eligible", "unknown", "ineligible")
        self.sequence += choice % 3
        effect = self.office.effect(
            *RIGHTS[place % len(RIGHTS)],
            verdict=verdicts[choice % 4],
            sequence=self.sequence - (choice % 5 == 4),
        )
        return self._command(service.reconcile, effects=[effect])

    def confirm(self, place: int, choice: int) -> Act:
        offer = self._pick(Offer, place, Offer.state == "offered")
        return self._command(
            service.confirm,
            offer_id=offer.id,
            principal=owner(offer.subject_id),
            account_id=self.accounts[offer.subject_id] if choice % 4 else None,
        )

    def decline(self, place: int, choice: int) -> Act:  # noqa: ARG002
        offer = self._pick(Offer, place, Offer.state == "offered")
        return self._command(service.decline, offer_id=offer.id, principal=owner(offer.subject_id), reason="")

    def apply(self, place: int, choice: int) -> Act:  # noqa: ARG002
        policy_id, subject_id, unit_id = RIGHTS[place % len(RIGHTS)]
        return self._command(
            service.apply_anyway,
            policy_id=policy_id,
            subject_id=subject_id,
            unit_id=unit_id,
            principal=owner(subject_id),
            declared={},
            evidence=[],
            account_id=self.accounts[subject_id],
        )

    def withdraw(self, place: int, choice: int) -> Act:  # noqa: ARG002
        return self._own_claim(service.withdraw_claim, self._open_claim(place))

    def supplement(self, place: int, choice: int) -> Act:  # noqa: ARG002
        claim = self._pick(Claim, place, Claim.state == "supplement")
        return self._own_claim(service.submit_supplement, claim, declared={}, evidence=[])

    def appeal(self, place: int, choice: int) -> Act:  # noqa: ARG002
        claim = self._pick(Claim, place, Claim.state == "refused")
        return self._own_claim(service.appeal, claim, grounds="请复核")

    def rate(self, place: int, choice: int) -> Act:
        claim = self._pick(Claim, place, Claim.state.in_(("granted", "refused")))
        return self._own_claim(ratings.rate, claim, grade=choice % 7, words="", may_be_called=False)

    def _own_claim(self, what: Callable[..., object], claim: Claim, **more: Any) -> Act:
        return self._command(what, claim_id=claim.id, principal=owner(claim.subject_id), **more)

    # What officials do at the stages.
    def act(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        is_fitting = choice % 5 < 4
        who = self._fit(claim, choice) if is_fitting else OFFICIALS[choice % len(OFFICIALS)]
        actions = FITTING[present_stage(claim).outcome] if is_fitting else service_actions()
        return self._seat(
            service.act_on_claim, claim, who, action=actions[choice % len(actions)], reason="理由"
        )

    def go_through(self, place: int, choice: int) -> Act:  # noqa: ARG002
        """The happy way, so that runs reach the money."""
        claim = self._open_claim(place)
        return lambda: self._go(claim, len(WAYS))

    def go(self, place: int, far: int) -> None:
        """A part of the happy way."""
        self._go(self._open_claim(place), far)

    def _go(self, claim: Claim, far: int) -> None:
        for who, action in WAYS[:far]:
            self._seat(service.act_on_claim, claim, who, action=action, reason="")()

    def act_on_many(self, place: int, choice: int) -> Act:
        """批量办理: the same act on all that is open, one of them named twice."""
        found = self._rows(Claim, Claim.state.in_(OPEN_CLAIM))
        if not found:
            raise NothingThere
        first = found[place % len(found)]
        actions = FITTING[present_stage(first).outcome]
        return self._command(
            service.decide_batch,
            claim_ids=[one.id for one in found] + [first.id],
            principal=self._fit(first, choice),
            action=actions[choice % len(actions)],
            reason="理由",
        )

    def hold(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        who = self._fit(claim, choice)
        return self._command(service.hold_claim, ports=False, claim_id=claim.id, principal=who, reason="待核")

    def resume(self, place: int, choice: int) -> Act:
        claim = self._pick(Claim, place, Claim.is_held.is_(True))
        who = self._fit(claim, choice)
        return self._command(service.resume_claim, ports=False, claim_id=claim.id, principal=who)

    def send_back(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        to_stage = ("accept", "federation", "federation")[choice % 3]
        return self._seat(
            service.send_back, claim, self._fit(claim, choice), to_stage=to_stage, reason="再核实"
        )

    def take_back(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        with self.office.database.read() as session:
            acts = claim_rows.standing_acts(session, claim.id)
        last = acts[-1].official_id if acts and choice % 4 else 0
        who = next((one for one in OFFICIALS if one.subject_id == last), OFFICIALS[choice % len(OFFICIALS)])
        return self._seat(service.take_back, claim, who)

    def delegate(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        to = self._fit(claim, choice // 3)
        seat_id = to.seat.id if to.seat is not None else 0
        return self._seat(service.delegate, claim, self._fit(claim, choice), seat_id=seat_id, reason="外出")

    def ask_opinion(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        whom = OFFICIALS[choice % len(OFFICIALS)].seat
        return self._seat(
            service.ask_opinion,
            claim,
            self._fit(claim, choice // 3),
            seat_id=whom.id if whom is not None else 0,
            question="属实吗",
            working_days=3,
        )

    def settle_opinion(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        with self.office.database.read() as session:
            asked = claim_rows.open_opinions(session, claim.id)
        if not asked:
            raise NothingThere
        opinion = asked[choice % len(asked)]
        who = next(one for one in OFFICIALS if one.seat is not None and one.seat.id == opinion.seat_id)
        if choice % 3:
            return self._command(
                service.give_opinion, opinion_id=opinion.id, principal=who, stance="agrees", answer="属实"
            )
        by = next((one for one in OFFICIALS if one.subject_id == opinion.asked_by_id), who)
        return self._command(service.take_back_question, opinion_id=opinion.id, principal=by)

    def _seat(self, what: Callable[..., object], claim: Claim, who: Principal, **more: Any) -> Act:
        return self._command(what, claim_id=claim.id, principal=who, **more)

    # Notices, appeals, checks.
    def object_publicly(self, place: int, choice: int) -> Act:  # noqa: ARG002
        claim = self._pick(Claim, place, Claim.state.in_(("notice", "objection")))
        return self._command(
            noticing.object_publicly,
            vault=self.office.house.vault,
            claim_id=claim.id,
            grounds="不实",
            contact="",
        )

    def settle_objection(self, place: int, choice: int) -> Act:
        claim = self._pick(Claim, place, Claim.state == "objection")
        outcome = ("dismiss", "dismiss", "sustain")[choice % 3]
        return self._seat(
            service.settle_objection, claim, DECIDERS[choice % 4], outcome=outcome, reason="核查过"
        )

    def decide_appeal(self, place: int, choice: int) -> Act:
        claim = self._pick(Claim, place, Claim.state == "appealed")
        outcome = ("uphold", "overturn")[choice % 2]
        return self._seat(service.decide_appeal, claim, DECIDERS[choice % 4], outcome=outcome, reason="理由")

    def close_notices(self, place: int, choice: int) -> Act:  # noqa: ARG002
        return self._command(service.close_notices)

    def check_means(self, place: int, choice: int) -> Act:
        claim = self._open_claim(place)
        with self.office.database.read() as session:
            found = [one.id for one in checks.of_claim(session, claim.id)]
        if not found or choice % 3 == 0:
            return self._seat(means.open_check, claim, clerk())
        who = person(claim.subject_id)
        if choice % 3 == 1:
            return self._command(withdraw_consent, check_id=found[0], principal=who)
        return self._command(means.say, check_id=found[0], principal=who, agrees=choice % 2 == 0)

    # Awards.
    def change_facts(self, place: int, choice: int) -> Act:
        """What the engine will say from now on of one right: as ever, more, less, lost, or not known."""
        policy_id, _, unit_id = RIGHTS[place % len(RIGHTS)]
        town, usual = self.office.town, self.office.town.amounts[policy_id]
        says: Sequence[Recheck] = (
            *(Recheck(verdict="eligible", amount_fen=usual * one // 10, sequence=9) for one in SHARES),
            Recheck(verdict="ineligible", amount_fen=None, sequence=9),
            Recheck(verdict="unknown", amount_fen=None, sequence=9),
        )
        return lambda: town.rechecks.update({(policy_id, unit_id): says[choice % len(says)]})

    def adjust(self, place: int, choice: int) -> Act:
        """补发 and over-payment: bring a right to what the engine says today."""
        return self._on_award(service.adjust_award, self._pick(Award, place, Award.state == "active"), choice)

    def restore(self, place: int, choice: int) -> Act:
        award = self._pick(Award, place, Award.state.in_(("suspected", "suspended")))
        return self._on_award(service.restore_award, award, choice)

    def end(self, place: int, choice: int) -> Act:
        award = self._pick(Award, place, Award.state != "ended")
        month = self.office.clock.today() - timedelta(days=31 * (choice % 3))
        return self._on_award(service.end_award, award, choice, from_month=month)

    def _on_award(self, what: Callable[..., object], award: Award, choice: int, **more: Any) -> Act:
        return self._command(what, award_id=award.id, principal=DECIDERS[choice % 4], reason="理由", **more)

    def die(self, place: int, choice: int) -> Act:  # noqa: ARG002
        """A register says that she died, or that she did not; two have to say so."""
        source = ("public_security", "civil_affairs")[choice % 2]
        died_on = DIED_ON if choice % 5 else None

        def tell() -> None:
            self.office.clock.move(timedelta(seconds=1))
            tell_death(self.office, GRANDMOTHER, source, died_on)

        return tell

    def live_again(self, place: int, choice: int) -> Act:
        award = self._pick(Award, place, Award.subject_id == GRANDMOTHER)
        return self._on_award(service.undo_death, award, choice)

    def name_heir(self, place: int, choice: int) -> Act:
        award = self._pick(Award, place, Award.end_reason == "death")
        if choice % 3:
            outcome = ("agree", "refuse")[choice % 2]
            return self._on_award(service.decide_heir, award, choice, outcome=outcome)
        return self._command(
            service.name_heir,
            award_id=award.id,
            principal=person(DAUGHTER),
            heir_id=DAUGHTER,
            account_id=self.accounts[DAUGHTER],
            ground="declared",
            reference="",
        )

    def add_account(self, place: int, choice: int) -> Act:
        """A new account rests for three days, then the bank has to have said whose it is."""
        subject_id = PEOPLE[place % len(PEOPLE)]

        def add(session: Any, now: Any) -> None:
            account = service.add_account(
                session,
                self.office.house.vault,
                subject_id=subject_id,
                bank="黄石农商行",
                number=f"62220209{choice % 3}{subject_id:08d}",
                holder=f"某{subject_id}",
                source="declared",
                now=now,
            )
            account.checked_at, account.check_result = now, "match"

        return self._command(add, ports=False)

    def name_account(self, place: int, choice: int) -> Act:
        award = self._pick(Award, place, Award.subject_id != FIRM)
        account = self._pick(PayeeAccount, choice, PayeeAccount.subject_id == award.subject_id)
        return self._command(
            service.name_account,
            award_id=award.id,
            principal=person(award.subject_id),
            account_id=account.id,
        )

    # Money out.
    def fall_due(self, place: int, choice: int) -> Act:  # noqa: ARG002
        return self._command(service.create_due_payments, until=self.office.clock.today())

    def approve(self, place: int, choice: int) -> Act:
        """All that is ready, or one; by finance, or by who decided some of it."""
        named = [self._pick(Payment, place, Payment.state == "reserved").id] if choice % 2 else None
        return self._command(
            service.approve_batch,
            principal=FINANCE if choice % 3 else DECIDES_AND_PAYS,
            payment_ids=named,
        )

    def release(self, place: int, choice: int) -> Act:  # noqa: ARG002
        payment = self._pick(Payment, place, Payment.is_held.is_(True))
        return self._command(
            service.release_payment, ports=False, payment_id=payment.id, principal=FINANCE, reason="已核实"
        )

    def run(self, place: int, choice: int) -> Act:
        """Plan a run of what is ready, or have a look at one: let it go on, take one out, call it back."""
        if choice % 4 == 0:
            payment = self._pick(Payment, place, Payment.state == "reserved")
            return self._command(
                service.plan_run,
                principal=FINANCE,
                policy_id=payment.policy_id,
                period=payment.period,
                window=timedelta(),
            )
        batch = self._pick(PaymentBatch, place, PaymentBatch.policy_id.is_not(None))
        about: dict[str, Any] = {"batch_id": batch.id, "principal": FINANCE, "reason": "核对"}
        if choice % 4 == 1:
            return self._command(service.resume_run, ports=False, **about)
        if choice % 4 == 2:
            return self._command(service.withdraw_run, ports=False, **about)
        inside = self._pick(Payment, place, Payment.batch_id == batch.id)
        return self._command(service.take_out_of_run, ports=False, payment_id=inside.id, **about)

    def work(self, place: int, choice: int) -> Act:
        """The worker does all that is due while the treasury misbehaves, then the bank settles."""
        office = self.office
        trouble = TROUBLES[choice % len(TROUBLES)]
        ending = ENDINGS[place % len(ENDINGS)]

        def go() -> None:
            if trouble is not None:
                office.treasury.troubles.append(trouble)
            handlers = service.build_handlers(
                office.database, office.clock, office.house.vault, office.ports, office.treasury
            )
            means_handlers = means_jobs.handlers(office.database, office.clock, office.ports, office.means)
            worker = Worker(office.database, office.clock, {**handlers, **means_handlers})
            worker.run_until_idle()
            office.treasury.settle(ending)
            office.clock.move(timedelta(seconds=10))
            worker.run_until_idle()

        return go

    # Money back.
    def _overpayment(self, place: int) -> Overpayment:
        return self._pick(Overpayment, place, Overpayment.state.in_([*OPEN_OVERPAYMENT]))

    def say_ones_view(self, place: int, choice: int) -> Act:  # noqa: ARG002
        found = self._overpayment(place)
        return self._command(
            service.state_ones_view,
            ports=False,
            overpayment_id=found.id,
            principal=person(found.subject_id),
            statement="我没有多领",
        )

    def decide_recovery(self, place: int, choice: int) -> Act:
        found = self._overpayment(place)
        outcome = ("demand", "demand", "drop", "write_off")[choice % 4]
        return self._command(
            service.decide_overpayment,
            overpayment_id=found.id,
            principal=DECIDERS[choice // 2 % 4],
            outcome=outcome,
            reason="理由",
        )

    def agree_instalments(self, place: int, choice: int) -> Act:
        found = self._overpayment(place)
        return self._command(
            service.agree_instalments,
            overpayment_id=found.id,
            principal=DECIDERS[choice % 4],
            count=2 + choice % 5,
            first_due_on=self.office.clock.today(),
        )

    def repay(self, place: int, choice: int) -> Act:
        """Few receipts, so that many come again, also with another sum or for another demand."""
        found = self._overpayment(place)
        left = found.amount_fen - found.repaid_fen
        return self._command(
            service.record_repayment,
            ports=False,
            overpayment_id=found.id,
            principal=FINANCE,
            amount_fen=(left, left // 2, left + 1, 1)[choice % 4],
            receipt=f"HD-{choice // 4 % 4}",
            received_on=self.office.clock.today(),
        )

    def write_off(self, place: int, choice: int) -> Act:
        found = self._overpayment(place)
        return self._command(
            service.write_off,
            overpayment_id=found.id,
            principal=FINANCE if choice % 2 else DECIDES_AND_PAYS,
            reason="困难",
        )

    # Budgets and years.
    def appropriate(self, place: int, choice: int) -> Act:
        """Few references, so that many come again with another sum."""
        budget = self._pick(Budget, place)
        what = service.reduce_budget if choice % 4 == 3 else service.appropriate
        return self._command(
            what,
            ports=False,
            budget_id=budget.id,
            amount_fen=(1, 5_000, 60_000, 300_000)[choice // 4 % 4],
            reference=f"{budget.id.hex}-{choice % 7}",
        )

    def open_budget(self, place: int, choice: int) -> Act:
        policy_id = ("nursing", "childcare", "hiring", "retention")[place % 4]
        year = self.office.clock.today().year + choice % 2

        def open_it(session: Any, now: Any) -> None:
            taken = sa.select(Budget.id).where(Budget.policy_id == policy_id, Budget.year == year)
            if session.scalar(taken) is None:
                service.open_budget(
                    session,
                    policy_id=policy_id,
                    division="420200",
                    year=year,
                    appropriation=f"{year}-{policy_id}",
                    kind="quota" if policy_id == HIRING.policy_id else "entitlement",
                    amount_fen=40_000,
                    now=now,
                )

        return self._command(open_it, ports=False)

    def close_year(self, place: int, choice: int) -> Act:
        """Proposed by one seat, carried out by the other, or by the same, which is refused."""
        waiting = self._rows(YearClosing, YearClosing.state == "proposed")
        principal = CITY_FINANCE[choice % 2]
        if waiting and choice % 5:
            outcome = "dismiss" if choice % 7 == 6 else "carry_out"
            return self._command(
                service.decide_closing,
                ports=False,
                closing_id=waiting[0].id,
                principal=principal,
                outcome=outcome,
            )
        return self._command(
            service.propose_closing,
            ports=False,
            principal=principal,
            division="420200",
            fund_source="fiscal",
            year=self.office.clock.today().year - (place % 2),
            surplus=("withdraw", "carry")[choice % 2],
        )

    def let_time_pass(self, place: int, choice: int) -> Act:  # noqa: ARG002
        return lambda: self.office.clock.move(timedelta(days=DAYS[choice % len(DAYS)]))


def service_actions() -> Sequence[service.Action]:
    return tuple(action for actions in service.ACTIONS.values() for action in actions)


def owner(subject_id: int) -> Principal:
    return agent(304, FIRM) if subject_id == FIRM else person(subject_id)


def with_joint_stages(office: Office) -> None:
    """Nursing passes two joint stages and a public notice of three days."""
    office.town.policies["nursing"] = msgspec.structs.replace(
        NURSING, stages=JOINT_STAGES, notice_days=3, notice_fields=("division",)
    )
    office.town.officials = OFFICIALS


#: Commands by what they are about; a run has some of the groups and not others.
GROUPS: Mapping[str, Sequence[str]] = {
    "offers": ("match", "match", "confirm", "confirm", "decline", "apply", "withdraw", "rate", "open_offer"),
    "stages": ("act", "act", "act", "go_through", "go_through", "act_on_many", "hold", "resume"),
    "hands": ("send_back", "take_back", "delegate", "ask_opinion", "settle_opinion", "supplement"),
    "doubts": (
        "object_publicly",
        "settle_objection",
        "appeal",
        "decide_appeal",
        "close_notices",
        "check_means",
        "object_at_the_office",
        "sign_on_paper",
    ),
    "awards": (
        "change_facts",
        "adjust",
        "adjust",
        "restore",
        "end",
        "add_account",
        "name_account",
        "adjust_raised",
        "decide_losses",
    ),
    "publications": ("reach_out", "recall", "match", "tidy", "move_house"),
    "watch": ("audit", "audit", "answer_rating", "rate", "bank_statement", "enrol_account", "verify_account"),
    "deaths": ("die", "die", "live_again", "name_heir", "release"),
    "money": (
        "approve",
        "run",
        "work",
        "work",
        "work",
        "fall_due",
        "release",
        "send_back_late",
        "bank_statement",
        "wait_for_the_answer",
    ),
    "recovery": (
        "end",
        "decide_recovery",
        "agree_instalments",
        "repay",
        "repay",
        "write_off",
        "say_ones_view",
        "undo_recovery",
    ),
    "years": ("appropriate", "open_budget", "close_year", "close_year", "work", "fall_due", "send_back_late"),
}
NAMES = tuple(sorted({name for names in GROUPS.values() for name in names}))
