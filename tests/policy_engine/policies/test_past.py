"""What was in force on a day is found again, however often it was suspended, replaced or recalled since."""

from datetime import timedelta

from kernel.house import House
from kernel.web.principal import Principal
from policy_engine.policies import service
from policy_engine.policies.past import published_on
from tests.conftest import NOON
from tests.policy_engine.policies.conftest import approve
from tests.policy_engine.policies.documents import BENEFIT, CASES, changed
from tests.policy_engine.policies.test_service import approved

DAY = timedelta(days=1)


def test_each_day_has_the_versions_of_that_day(
    any_house: House, author: Principal, publisher: Principal
) -> None:
    with any_house.database.write() as session:
        first = approved(session, author, publisher)
        service.publish(session, first, actor=publisher, now=NOON + DAY)
        service.widen(session, first, actor=publisher, now=NOON + 2 * DAY)
        service.suspend(session, first, actor=publisher, note="核对", now=NOON + 3 * DAY)
        service.resume(session, first, actor=publisher, now=NOON + 4 * DAY)
        text = changed(BENEFIT, version=2)
        current = published_on(session, (NOON + 4 * DAY).date())
        second = service.save_draft(
            session, text=text, cases_text=CASES, actor=author, published=current, now=NOON
        )
        approve(session, second.id, author, publisher, published=current)
        service.publish(session, second.id, actor=publisher, now=NOON + 5 * DAY)
        service.widen(session, second.id, actor=publisher, now=NOON + 6 * DAY)
        service.recall(session, second.id, actor=publisher, note="有误", now=NOON + 7 * DAY)
    with any_house.database.read() as session:
        seen = [
            [
                (one.document.version, one.bucket_from, one.bucket_to)
                for one in published_on(session, (NOON + day * DAY).date()).policies
            ]
            for day in range(8)
        ]
    assert seen == [
        [],
        [(1, 0, 10)],
        [(1, 0, 1000)],
        [],
        [(1, 0, 1000)],
        [(1, 10, 1000), (2, 0, 10)],
        [(2, 0, 1000)],
        [],
    ]
