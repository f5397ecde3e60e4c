"""What happens around claims and money: publications, auditors, raters, counters, the bank's statement and its late news."""

from typing import Any

import msgspec

from policy_engine.delivery import service
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import LossDay
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means import clocks
from policy_engine.delivery.means import repository as checks
from policy_engine.delivery.means import service as means
from policy_engine.delivery.means.withdrawing import withdraw_at_counter
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.oversight import jobs as oversight_jobs
from policy_engine.delivery.oversight import service as oversight
from policy_engine.delivery.oversight.models import Finding
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ratings import service as ratings
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.reconciliation.comparing import BankLine
from policy_engine.delivery.reconciliation.models import Difference
from policy_engine.delivery.recovery.models import Overpayment
from policy_engine.delivery.states import OPEN_CLAIM
from tests.policy_engine.delivery.city import Statements, clerk, official
from tests.policy_engine.delivery.commands import (
    CITY_FINANCE,
    DECIDERS,
    FINANCE,
    PEOPLE,
    RIGHTS,
    Act,
    Commands,
    NothingThere,
    owner,
)

AUDITOR = official(931, "audit.read", division="420200", department="审计局")
#: How far a publication reaches, in thousandths.
SHARES = (1000, 1000, 500, 0)


class Surroundings(Commands):
    """The same town, and everybody who looks at it."""

    def open_offer(self, place: int, choice: int) -> Act:  # noqa: ARG002
        offer = self._pick(Offer, place)
        return self._command(service.open_offer, offer_id=offer.id, principal=owner(offer.subject_id))

    # Publications.
    def reach_out(self, place: int, choice: int) -> Act:
        """A publication reaches more or fewer; then whom it reaches now is offered what was matched."""
        policy_id = RIGHTS[place % len(RIGHTS)][0]
        town = self.office.town
        share = SHARES[choice % len(SHARES)]

        def set_share() -> None:
            town.policies[policy_id] = msgspec.structs.replace(
                town.policies[policy_id], rollout_permille=share
            )

        widen = self._command(service.widen_rollout, policy_id=policy_id, after=None)
        return lambda: (set_share(), widen())

    def recall(self, place: int, choice: int) -> Act:
        """A policy was wrong: its offers are taken back, and mostly what was confirmed under it waits for a person."""
        policy_id = RIGHTS[place % len(RIGHTS)][0]
        take_back = self._command(
            service.recall, policy_id=policy_id, apology="发布有误，很抱歉。", after=None
        )
        hold = self._command(
            service.hold_claims_of_recalled, ports=False, policy_id=policy_id, reason="政策更正", after=None
        )
        return lambda: (take_back(), hold() if choice % 3 else None)

    def tidy(self, place: int, choice: int) -> Act:  # noqa: ARG002
        """What the calendar does by itself: lapsed offers, deaths confirmed meanwhile, reminders, checks out of time."""
        acts = [
            self._command(service.lapse_offers, ports=False),
            self._command(service.confirm_deaths),
            self._command(service.remind_of_opinions),
            self._command(ratings.remind_of_ratings),
            self._command(oversight.remind_of_findings),
            self._command(clocks.keep_time),
        ]
        return lambda: [act() for act in acts]

    # Rights.
    def adjust_raised(self, place: int, choice: int) -> Act:
        policy_id = RIGHTS[place % len(RIGHTS)][0]
        return self._command(
            service.adjust_raised, principal=DECIDERS[choice % 4], policy_id=policy_id, reason="标准提高"
        )

    def decide_losses(self, place: int, choice: int) -> Act:
        """Too many were lost on one day, and a person has looked."""
        day = self._pick(LossDay, place, LossDay.state == "held")
        return self._command(
            service.decide_losses,
            ports=False,
            policy_id=day.policy_id,
            day=day.day,
            principal=DECIDERS[choice % 4],
            outcome=("carried_out", "dismissed")[choice % 2],
            reason="核查过",
        )

    def undo_recovery(self, place: int, choice: int) -> Act:
        found = self._pick(
            Overpayment, place, Overpayment.state.in_(("owed", "instalment", "repaid", "written_off"))
        )
        ground = ("corrected", "reconsideration", "judgment")[choice % 3]
        return self._command(
            service.undo_overpayment,
            overpayment_id=found.id,
            principal=DECIDERS[choice // 3 % 4],
            ground=ground,
            reference="" if ground == "corrected" else "鄂政复决〔2026〕1号",
            reason="理由",
        )

    def enrol_account(self, place: int, choice: int) -> Act:
        """By its owner; the bank says later whose it is."""
        subject_id = PEOPLE[place % len(PEOPLE)]
        return self._command(
            service.enrol_account,
            principal=owner(subject_id),
            bank="黄石农商行",
            number=f"62220208{choice % 3}{subject_id:08d}",
        )

    def verify_account(self, place: int, choice: int) -> Act:
        account = self._pick(PayeeAccount, place, PayeeAccount.checked_at.is_(None))
        answer = ("match", "match", "mismatch", "closed")[choice % 4]

        def verify() -> None:
            office = self.office
            office.bank.answer = answer  # type: ignore[assignment]
            service.verify_account(
                office.database, office.house.vault, office.bank, account.id, clock_now=office.clock.now
            )

        return verify

    def move_house(self, place: int, choice: int) -> Act:
        """To another street, of the same district or of another; what begins from now on begins there."""
        subject_id = PEOPLE[place % len(PEOPLE)]
        division = ("420203007", "420203008", "420204001")[choice % 3]
        return lambda: self.office.town.divisions.update({subject_id: division})

    # Doubts and words.
    def object_at_the_office(self, place: int, choice: int) -> Act:
        claim = self._pick(Claim, place, Claim.state.in_(("notice", "objection")))
        return self._command(
            service.record_objection,
            ports=False,
            claim_id=claim.id,
            principal=self._fit(claim, choice),
            grounds="不实",
        )

    def sign_on_paper(self, place: int, choice: int) -> Act:
        """A member agrees to a means check at a counter, or takes it back there."""
        claim = self._pick(Claim, place, Claim.state.in_(OPEN_CLAIM))
        with self.office.database.read() as session:
            found = [one.id for one in checks.of_claim(session, claim.id)]
        if not found:
            raise NothingThere
        return self._command(
            withdraw_at_counter if choice % 3 == 0 else means.record_paper,
            check_id=found[0],
            principal=clerk(),
            subject_id=claim.subject_id,
            paper="档案 2026-1",
        )

    def answer_rating(self, place: int, choice: int) -> Act:
        rating = self._pick(Rating, place, Rating.state == "task")
        return self._command(
            ratings.answer_rating,
            ports=False,
            rating_id=rating.id,
            principal=DECIDERS[choice % 4],
            is_founded=choice % 2 == 0,
            answer="已核实并改进",
        )

    # Who looks at the books.
    def audit(self, place: int, choice: int) -> Act:
        """The ready questions are put, then a case is answered, asked again or closed."""
        office = self.office
        if choice % 4 == 0:
            return lambda: oversight_jobs.look(office.database, office.clock, office.ports)
        finding = self._pick(Finding, place, Finding.state != "closed")
        about: dict[str, Any] = {"finding_id": finding.id}
        if choice % 4 == 1:
            who = FINANCE if finding.duty == "payment.approve" else DECIDERS[choice // 4 % 4]
            return self._command(
                oversight.answer_finding, ports=False, principal=who, answer="已核实", **about
            )
        if choice % 4 == 2:
            return self._command(oversight.ask_again, principal=AUDITOR, words="请补充", **about)
        return self._command(
            oversight.close_finding,
            ports=False,
            principal=AUDITOR,
            outcome="explained",
            words="已说明",
            **about,
        )

    def bank_statement(self, place: int, choice: int) -> Act:
        """What the bank booked until today, at times cut short; a difference is explained by a person."""
        office = self.office
        if choice % 4 == 0:
            difference = self._pick(Difference, place, Difference.state == "open")
            return self._command(
                service.explain_difference,
                ports=False,
                difference_id=difference.id,
                principal=CITY_FINANCE[0],
                explanation="已与银行确认",
            )

        def reconcile() -> None:
            lines = self._booked_by_the_bank()
            statements = Statements()
            day = office.clock.today()
            statements.days[day] = lines[: len(lines) // 2] if choice % 4 == 1 else lines
            service.reconcile_with_bank(office.database, office.clock, statements, day)

        return reconcile

    def _booked_by_the_bank(self) -> list[BankLine]:
        orders, states = self.office.treasury.orders, self.office.treasury.states
        left = [key for key in sorted(orders) if states[key] in ("paid", "returned")]
        lines = [
            BankLine(number, "D", orders[key].amount_fen, key, f"YH{key}") for number, key in enumerate(left)
        ]
        back = [key for key in left if states[key] == "returned"]
        return lines + [
            BankLine(len(lines) + number, "C", orders[key].amount_fen, key, f"TH{key}")
            for number, key in enumerate(back)
        ]

    def send_back_late(self, place: int, choice: int) -> Act:
        """退票 after the money had arrived: the account was closed meanwhile, or the bank was wrong. It may tell at once."""
        payment = self._pick(Payment, place, Payment.state == "paid")
        order = payment.instruction_id or ""

        def send() -> None:
            if self.office.treasury.send_back(order) and choice % 3:
                self._command(service.ask_soon, ports=False, instruction_ids=[order])()

        return send

    def wait_for_the_answer(self, place: int, choice: int) -> Act:  # noqa: ARG002
        """Callbacks for everything that was ever ordered, again and again."""
        orders = sorted(self.office.treasury.orders)[place * 3 : place * 3 + 6]
        return self._command(service.ask_soon, ports=False, instruction_ids=orders)
