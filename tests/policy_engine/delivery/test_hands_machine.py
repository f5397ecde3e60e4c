"""Random, repeated and concurrent commands of many hands on one claim: what was promised of it holds after each of them.

One store serves all runs, on SQLite and on PostgreSQL; each run has a claim of its own.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from kernel.errors import DongchuError
from kernel.web.principal import Principal
from policy_engine.delivery import service, views
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims import repository as claims
from policy_engine.delivery.claims.models import Claim, WrittenDecision
from policy_engine.delivery.claims.signing import filled_places, signatures_at
from policy_engine.delivery.claims.stages import WAITS_FOR, present_stage, stages_of
from policy_engine.delivery.means import repository as checks
from policy_engine.delivery.means import service as means
from policy_engine.delivery.publicity import repository as publicity
from policy_engine.delivery.publicity import service as noticing
from policy_engine.delivery.ratings import repository as ratings
from policy_engine.delivery.ratings import service as rating_service
from policy_engine.delivery.states import ClaimState
from policy_engine.delivery.terms import Signatory
from tests.policy_engine.delivery.city import NURSING, THREE_STAGES, Office, clerk, decider, official, person
from tests.policy_engine.delivery.test_concurrency import together

ACCEPT, REVIEW, DECIDE = THREE_STAGES
STAGES = (
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
#: One of them sits on seats of two duties, as happens in small offices.
BOTH = official(925, "claim.accept", "claim.decide")
OFFICIALS = [clerk(), FEDERATION, OTHER_FEDERATION, HEALTH, *DECIDERS, BOTH]
#: Most commands fit where the claim stands, or a run would only ever be refused.
FITTING: dict[str, list[service.Action]] = {
    "accept": ["accept", "accept", "return_for_supplement"],
    "joint_review": ["recommend", "recommend", "advise_against", "advise_against", "return_for_supplement"],
    "decide": ["grant", "grant", "grant", "refuse"],
}
ANY: list[service.Action] = [
    *FITTING["accept"],
    *FITTING["joint_review"],
    *FITTING["decide"],
]
WAYS: tuple[tuple[Principal, service.Action], ...] = (
    (clerk(), "accept"),
    (FEDERATION, "recommend"),
    (HEALTH, "recommend"),
    (DECIDERS[0], "grant"),
    (DECIDERS[1], "grant"),
)
AT_A_STAGE = frozenset(WAITS_FOR.values())
#: Never the same person twice, whichever store and run.
SUBJECTS = itertools.count(40_001)

whoever = st.sampled_from(OFFICIALS)
places = st.integers(0, 11)
mostly_fitting = st.sampled_from([True, True, True, True, False])


class Hands(RuleBasedStateMachine):
    """Every command may be refused; nothing may break a promise."""

    office: Office

    def __init__(self) -> None:
        super().__init__()
        self.subject_id = next(SUBJECTS)
        claim = self.office.claimed("nursing", self.subject_id)
        self.claim_id = claim.id
        self.own = person(self.subject_id)

    def teardown(self) -> None:
        """Told with ``--hypothesis-show-statistics``: how far the runs came."""
        with self.office.database.read() as session:
            claim = session.get(Claim, self.claim_id)
        event(f"ends {claim.state if claim is not None else 'nowhere'}")

    def attempt(self, command: Callable[..., object], /, **arguments: Any) -> None:
        """In a transaction of its own; a refusal is a fine answer."""
        try:
            with self.office.database.write() as session:
                command(session, **arguments)
        except DongchuError:
            return

    def on_claim(self, command: Callable[..., object], who: Principal, **more: Any) -> None:
        self.office.clock.move(timedelta(seconds=1))
        self.attempt(
            command,
            ports=self.office.ports,
            claim_id=self.claim_id,
            principal=who,
            now=self.office.now,
            **more,
        )

    @initialize(far=st.integers(0, len(WAYS)))
    def begin_somewhere(self, far: int) -> None:
        for who, action in WAYS[:far]:
            self.on_claim(service.act_on_claim, who, action=action, reason="")

    def hand(self, place: int, choice: int, *, fits: bool) -> tuple[Principal, service.Action]:
        """Somebody with something to do: mostly what can be done where the claim stands."""
        with self.office.database.read() as session:
            claim = session.get(Claim, self.claim_id)
            assert claim is not None
            stage = present_stage(claim)
        able = [one for one in OFFICIALS if one.seat is not None and stage.duty in one.seat.duties]
        officials, actions = (able, FITTING[stage.outcome]) if fits else (OFFICIALS, ANY)
        return officials[place % len(officials)], actions[choice % len(actions)]

    @rule(place=places, choice=places, fits=mostly_fitting, times=st.integers(1, 2))
    def act(self, place: int, choice: int, fits: bool, times: int) -> None:
        who, action = self.hand(place, choice, fits=fits)
        for _ in range(times):
            self.on_claim(service.act_on_claim, who, action=action, reason="理由")

    @rule(hands=st.lists(st.tuples(places, places, mostly_fitting), min_size=2, max_size=3))
    def act_at_one_moment(self, hands: list[tuple[int, int, bool]]) -> None:
        now = self.office.now
        chosen = [self.hand(place, choice, fits=fits) for place, choice, fits in hands]

        def one(number: int) -> None:
            who, action = chosen[number]
            self.attempt(
                service.act_on_claim,
                ports=self.office.ports,
                claim_id=self.claim_id,
                principal=who,
                action=action,
                reason="理由",
                now=now,
            )

        together(one, len(hands))

    @rule()
    def go_on(self) -> None:
        """The happy way, so that runs reach the end."""
        for who, action in WAYS:
            self.on_claim(service.act_on_claim, who, action=action, reason="")

    @rule(place=places, stage=st.sampled_from(["accept", "federation", "federation"]))
    def send_back(self, place: int, stage: str) -> None:
        who, _ = self.hand(place, 0, fits=True)
        self.on_claim(service.send_back, who, to_stage=stage, reason="再核实")

    @rule(who=whoever, is_last_hand=mostly_fitting)
    def take_back(self, who: Principal, is_last_hand: bool) -> None:
        with self.office.database.read() as session:
            acts = claims.standing_acts(session, self.claim_id)
            last = acts[-1].official_id if acts else 0
        hand = next((one for one in OFFICIALS if one.subject_id == last), who) if is_last_hand else who
        for _ in range(2):
            self.on_claim(service.take_back, hand)

    @rule(place=places, to_place=places)
    def delegate(self, place: int, to_place: int) -> None:
        who, _ = self.hand(place, 0, fits=True)
        to, _ = self.hand(to_place, 0, fits=True)
        assert to.seat is not None
        self.on_claim(service.delegate, who, seat_id=to.seat.id, reason="外出")

    @rule(place=places, whom=whoever)
    def ask(self, place: int, whom: Principal) -> None:
        who, _ = self.hand(place, 0, fits=True)
        assert whom.seat is not None
        self.on_claim(service.ask_opinion, who, seat_id=whom.seat.id, question="属实吗", working_days=3)

    @rule(who=whoever, is_answered=st.booleans())
    def settle_opinions(self, who: Principal, is_answered: bool) -> None:
        with self.office.database.read() as session:
            asked = [(one.id, one.seat_id) for one in claims.opinions(session, self.claim_id)]
        for opinion_id, seat_id in asked:
            answering = next(one for one in OFFICIALS if one.seat is not None and one.seat.id == seat_id)
            arguments = {"ports": self.office.ports, "opinion_id": opinion_id, "now": self.office.now}
            if is_answered:
                self.attempt(
                    service.give_opinion, principal=answering, stance="agrees", answer="属实", **arguments
                )
            else:
                self.attempt(service.take_back_question, principal=who, **arguments)

    @rule()
    def supplement(self) -> None:
        self.on_claim(service.submit_supplement, self.own, declared={}, evidence=[])

    @rule(who=st.sampled_from(DECIDERS), is_dismissed=st.booleans())
    def object_and_settle(self, who: Principal, is_dismissed: bool) -> None:
        self.attempt(
            noticing.object_publicly,
            ports=self.office.ports,
            vault=self.office.house.vault,
            claim_id=self.claim_id,
            grounds="不实",
            contact="",
            now=self.office.now,
        )
        outcome = "dismiss" if is_dismissed else "sustain"
        self.on_claim(service.settle_objection, who, outcome=outcome, reason="核查过")

    @rule(who=st.sampled_from(DECIDERS), is_overturned=st.booleans())
    def appeal(self, who: Principal, is_overturned: bool) -> None:
        self.on_claim(service.appeal, self.own, grounds="请复核")
        outcome = "overturn" if is_overturned else "uphold"
        self.on_claim(service.decide_appeal, who, outcome=outcome, reason="理由")

    @rule(agrees=st.booleans())
    def check_means(self, agrees: bool) -> None:
        self.on_claim(means.open_check, clerk())
        with self.office.database.read() as session:
            found = [one.id for one in checks.of_claim(session, self.claim_id)]
        for check_id in found:
            self.attempt(
                means.say,
                ports=self.office.ports,
                check_id=check_id,
                principal=self.own,
                agrees=agrees,
                now=self.office.now,
            )

    @rule(grade=st.integers(0, 6))
    def rate(self, grade: int) -> None:
        self.on_claim(rating_service.rate, self.own, grade=grade, words="", may_be_called=False)

    @rule(days=st.sampled_from([1, 4, 12]))
    def let_time_pass(self, days: int) -> None:
        self.office.clock.move(timedelta(days=days))
        self.attempt(service.close_notices, ports=self.office.ports, now=self.office.now)
        self.attempt(service.remind_of_opinions, ports=self.office.ports, now=self.office.now)

    @invariant()
    def everything_promised_of_it_holds(self) -> None:
        with self.office.database.read() as session:
            claim = session.get(Claim, self.claim_id)
            assert claim is not None
            self.it_stands_where_its_history_says(session, claim)
            self.persons_are_kept_apart(session, claim)
            self.what_is_granted_was_agreed_by_all(session, claim)
            self.decisions_are_written_and_rights_are_one(session, claim)
            self.questions_and_objections_are_never_lost(session, claim)
            self.ratings_come_once_and_after_the_end(session, claim)

    def it_stands_where_its_history_says(self, session: Session, claim: Claim) -> None:
        events = session.query(CaseEvent).filter_by(object_id=claim.id).order_by(CaseEvent.id).all()
        moves = [(one.from_state, one.to_state) for one in events if one.to_state is not None]
        assert moves[-1][1] == claim.state
        assert all(earlier[1] == later[0] for earlier, later in itertools.pairwise(moves))
        if claim.state in AT_A_STAGE:
            assert claim.state == WAITS_FOR[present_stage(claim).outcome]
            assert claim.stage_due_on is not None, "whatever waits has a clock"
        assert claim.state in AT_A_STAGE or not claim_is_assigned_anew(claim)

    def persons_are_kept_apart(self, session: Session, claim: Claim) -> None:
        stages: dict[tuple[int, int], set[str]] = {}
        for act in claims.standing_acts(session, claim.id):
            assert act.official_id != claim.subject_id
            if act.action != "return_for_supplement":
                stages.setdefault((act.round, act.official_id), set()).add(act.stage)
        assert all(len(one) == 1 for one in stages.values())

    def what_is_granted_was_agreed_by_all(self, session: Session, claim: Claim) -> None:
        if claim.state not in (ClaimState.NOTICE, ClaimState.GRANTED, ClaimState.OBJECTION):
            return
        acts = [one for one in claims.standing_acts(session, claim.id) if one.round == claim.round]
        for stage in stages_of(claim):
            here = [one for one in acts if one.stage == stage.key and one.action != "send_back"]
            if not stage.joint or (not here and claim.round > 1):
                continue
            latest = max(one.visit for one in here)
            filled = filled_places(stage, signatures_at(stage, latest, here))
            assert all(act is not None and act.action != "advise_against" for _, act in filled)
            assert len({act.official_id for _, act in filled if act is not None}) == len(stage.joint)

    def decisions_are_written_and_rights_are_one(self, session: Session, claim: Claim) -> None:
        papers = {one.outcome for one in session.query(WrittenDecision).filter_by(claim_id=claim.id)}
        assert claim.state != ClaimState.REFUSED or "refused" in papers
        awards = session.query(Award).filter_by(claim_id=claim.id).count()
        assert awards == (1 if claim.state == ClaimState.GRANTED else 0)

    def questions_and_objections_are_never_lost(self, session: Session, claim: Claim) -> None:
        assert not claims.open_opinions(session, claim.id) or claim.state in AT_A_STAGE
        is_open = bool(publicity.open_objections(session, claim.id))
        assert is_open == (claim.state == ClaimState.OBJECTION)
        assert sum(one.state in checks.OPEN for one in checks.of_claim(session, claim.id)) <= 1

    def ratings_come_once_and_after_the_end(self, session: Session, claim: Claim) -> None:
        rating = ratings.of_claim(session, claim.id)
        if rating is None:
            return
        assert 1 <= rating.grade <= 5
        hands = claims.officials_of(session, [claim.id]).get(claim.id, set())
        for who in DECIDERS:
            seen = views.rating_tasks(session, self.office.ports, who, state="task", now=self.office.now)
            if who.subject_id in hands:
                assert rating.id not in {one.id for one in seen}


def claim_is_assigned_anew(claim: Claim) -> bool:
    """Nothing is handed on where nobody acts; what was handed on at the last stage may still say so."""
    return bool(claim.assignments) and claim.state in (ClaimState.DRAFT, ClaimState.WITHDRAWN)


def test_many_hands_on_one_claim(any_office: Office) -> None:
    notice = {"stages": STAGES, "notice_days": 3, "notice_fields": ("division",)}
    any_office.town.policies["nursing"] = msgspec.structs.replace(NURSING, **notice)
    any_office.town.officials = OFFICIALS
    machine = type("Hands", (Hands,), {"office": any_office, "__test__": False})
    is_sqlite = any_office.database.engine.dialect.name == "sqlite"
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20 if is_sqlite else 5,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
