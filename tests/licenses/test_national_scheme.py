"""The national scheme word by word: codes, the life of a licence, links between versions, names of operations."""

import itertools

import pytest

from kernel.errors import IllegalTransition
from kernel.house import House
from licenses import repository, service
from licenses.models import Licence
from licenses.sharing.interface import OPERATIONS
from licenses.states import OPERATION_CODES, LicenceState, Operation, after, status_value
from tests.licenses.conftest import FIELDS
from tests.licenses.test_issuing import DAYE

VALID, WITHHELD = LicenceState.VALID, LicenceState.WITHHELD
#: Every step there is; whatever is not here is refused.
STEPS = {
    (VALID, Operation.WITHHOLD): "02",
    (WITHHELD, Operation.RETURN): "01",
    (VALID, Operation.REVOKE): "03",
    (WITHHELD, Operation.REVOKE): "03",
    (VALID, Operation.CANCEL): "04",
    (WITHHELD, Operation.CANCEL): "04",
    (VALID, Operation.REVOKE_LICENCE): "07",
    (WITHHELD, Operation.REVOKE_LICENCE): "07",
    (VALID, Operation.EXPIRE): "05",
    (VALID, Operation.TRANSFER_OUT): "06",
    (LicenceState.TRANSFERRED_OUT, Operation.CANCEL_TRANSFER): "01",
}


def test_states_bear_the_national_codes() -> None:
    assert [one.value for one in LicenceState] == ["01", "02", "03", "04", "05", "06", "07", "99"]


def test_operations_bear_the_national_codes() -> None:
    """05 is 注销/撤销/吊销/转出; 07 其他 is what none of ours is."""
    names = {
        "01": {"issue"},
        "02": {"renew"},
        "03": {"withhold"},
        "04": {"expire"},
        "05": {"cancel", "revoke", "revoke_licence", "transfer_out"},
        "06": {"return"},
        "08": {"transfer_in"},
        "09": {"change"},
        "10": {"cancel_transfer"},
    }
    told = {code: {one.value for one in OPERATION_CODES if OPERATION_CODES[one] == code} for code in names}
    assert told == names
    assert set(OPERATION_CODES) == set(Operation)


def test_a_licence_lives_as_the_scheme_says_and_in_no_other_way() -> None:
    for state, operation in itertools.product(LicenceState, Operation):
        if (state, operation) in STEPS:
            assert after(state, operation).value == STEPS[state, operation]
        else:
            with pytest.raises(IllegalTransition):
                after(state, operation)


def test_the_status_list_says_it_in_two_bits() -> None:
    told = {state.value: status_value(state) for state in LicenceState}
    assert told == {"01": 0, "02": 2, "03": 1, "04": 1, "05": 0, "06": 1, "07": 1, "99": 1}
    replaced = {state.value: status_value(state, is_superseded=True) for state in LicenceState}
    assert replaced == {"01": 3, "02": 2, "03": 1, "04": 1, "05": 3, "06": 1, "07": 1, "99": 1}


def test_sharing_has_the_nine_national_operations() -> None:
    assert set(OPERATIONS) == {
        "queryCertInfo",
        "queryCertInfoByHolderCode",
        "queryCertInfoByQRcode",
        "verifyCertInfo",
        "verifyFile",
        "downloadFile",
        "downloadUrl",
        "downloadUrlsByHolderCode",
        "getCertRemarkInfo",
    }


def _newer(house: House, licence: Licence, how: str) -> Licence:
    with house.database.write() as session:
        if how == "renew":
            return service.renew(session, house, licence.id, actor="test")
        if how == "change":
            return service.change(session, house, licence.id, {**FIELDS, "level": 2}, actor="test")
        service.operate(session, house, licence.id, Operation.TRANSFER_OUT, reason="迁出本市", actor="test")
        return service.transfer_in(session, house, licence.id, DAYE, actor="test")


@pytest.mark.parametrize("how", ["renew", "change", "transfer_in"])
def test_what_follows_carries_the_former_and_the_former_leads_to_it(
    house: House, certificate_here: Licence, how: str
) -> None:
    newer = _newer(house, certificate_here, how)
    with house.database.read() as session:
        former = repository.by_id(session, certificate_here.id)
        assert former is not None
        following = repository.successor_of(session, former.id)
        assert (newer.previous_id, following and following.id) == (former.id, newer.id)
        assert former.superseded_at is not None
        serials = [one.identifier.split(".")[-3:-1] for one in (former, newer)]
    if how != "transfer_in":  # another authority gives a number of its own
        assert serials[1] == [serials[0][0], "002"]
