"""A summons reaches whom it concerns: at the phone of their account, or at the one they gave at a counter."""

import pytest

import portals.tables
from identity import service as identity
from identity.registry import service as registry
from kernel.house import House
from portals.worker import address_of
from tests.connectors.test_summonses import Gateway, run_round, tell

assert portals.tables.METADATA is not None
ACCOUNT_PHONE, COUNTER_PHONE = "13900001111", "13900002222"


class NotingGateway(Gateway):
    def __init__(self) -> None:
        super().__init__()
        self.phones: list[str] = []

    def send_message(self, _phone: str, text: str, *, key: str):  # type: ignore[no-untyped-def]
        self.phones.append(_phone)
        return super().send_message(_phone, text, key=key)


@pytest.mark.parametrize(
    ("has_account", "gave_at_counter", "reached"),
    [
        (False, True, [COUNTER_PHONE]),
        (True, True, [ACCOUNT_PHONE]),
        (False, False, []),
    ],
    ids=["no account", "account first", "nowhere"],
)
def test_a_notice_goes_to_the_phone_of_the_account_or_the_counter(
    house: House, has_account: bool, gave_at_counter: bool, reached: list[str]
) -> None:
    """An old man without an account told the counter his number: what his guardian's paper changes, he reads there."""
    now = house.clock.now()
    with house.database.write() as session:
        subject_id = registry.ensure(
            session,
            kind="person",
            name="陈桂英",
            identifier_kind="id_number",
            identifier="11010519491231002X",
            vault=house.vault,
            now=now,
        )
        if has_account:
            identity.create_account(
                session,
                house=house,
                subject_id=subject_id,
                login_name="guiying",
                password="correct horse battery",
                phone=ACCOUNT_PHONE,
                is_real_name=True,
            )
        if gave_at_counter:
            registry.set_contact(session, subject_id, COUNTER_PHONE, vault=house.vault, now=now)
    gateway = NotingGateway()
    tell(house, "guardian.appointed", subject_id=subject_id)
    run_round(house, {"sms": gateway}, address_of(house.vault))
    assert gateway.phones == reached
    assert all("陈桂英" not in text for text in gateway.texts)
