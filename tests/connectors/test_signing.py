"""A signature holds for one body, one id, one moment and one department's key, and for nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events.signing import SignatureRefused, SigningKey, sign, verify
from tests.conftest import NOON

KEY = SigningKey("a2V5LW9uZS1rZXktb25lLWtleS1vbmUta2V5LW9uZSE=")
OTHER = SigningKey("a2V5LXR3by1rZXktdHdvLWtleS10d28ta2V5LXR3byE=")
BODY = b'{"event_id": "evt-00000001"}'


def refusal(keys: tuple[SigningKey, ...], headers: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(SignatureRefused) as refused:
        verify(keys, headers, body, now=NOON)
    return refused.value.reason


def test_a_good_signature_gives_the_event_id() -> None:
    assert verify((KEY,), sign(KEY, "evt-00000001", BODY, now=NOON), BODY, now=NOON) == "evt-00000001"


def test_another_key_does_not_hold() -> None:
    assert refusal((OTHER,), sign(KEY, "evt-00000001", BODY, now=NOON)) == "signature_wrong"


def test_a_changed_body_does_not_hold() -> None:
    assert refusal((KEY,), sign(KEY, "evt-00000001", BODY, now=NOON), BODY + b" ") == "signature_wrong"


def test_a_changed_id_does_not_hold() -> None:
    headers = sign(KEY, "evt-00000001", BODY, now=NOON) | {"webhook-id": "evt-00000002"}
    assert refusal((KEY,), headers) == "signature_wrong"


@pytest.mark.parametrize("away", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_a_timestamp_further_than_five_minutes_away_is_refused(away: timedelta) -> None:
    assert refusal((KEY,), sign(KEY, "evt-00000001", BODY, now=NOON + away)) == "timestamp_outside_tolerance"


@pytest.mark.parametrize("away", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_five_minutes_are_tolerated(away: timedelta) -> None:
    assert verify((KEY,), sign(KEY, "evt-00000001", BODY, now=NOON + away), BODY, now=NOON)


def test_during_a_rotation_both_keys_hold_and_afterwards_only_the_new_one() -> None:
    keys = (OTHER, SigningKey(KEY.secret, until=NOON + timedelta(hours=1)))
    headers = sign(KEY, "evt-00000001", BODY, now=NOON)
    assert verify(keys, headers, BODY, now=NOON)
    late = NOON + timedelta(hours=1)
    with pytest.raises(SignatureRefused, match="signature_wrong"):
        verify(keys, sign(KEY, "evt-00000001", BODY, now=late), BODY, now=late)


def test_one_of_several_signatures_is_enough() -> None:
    headers = sign(KEY, "evt-00000001", BODY, now=NOON)
    headers["webhook-signature"] = "v0,abc v1,AAAA " + headers["webhook-signature"]
    assert verify((KEY,), headers, BODY, now=NOON)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("webhook-id", "", "id_missing"),
        ("webhook-id", "e" * 65, "id_missing"),
        ("webhook-timestamp", "", "timestamp_missing"),
        ("webhook-timestamp", "-1", "timestamp_missing"),
        ("webhook-timestamp", "９９９", "timestamp_missing"),
        ("webhook-signature", "", "signature_missing"),
        ("webhook-signature", "v1,not-base64!", "signature_missing"),
        ("webhook-signature", "v2,AAAA", "signature_missing"),
    ],
)
def test_each_missing_or_malformed_header_is_named(name: str, value: str, reason: str) -> None:
    assert refusal((KEY,), sign(KEY, "evt-00000001", BODY, now=NOON) | {name: value}) == reason


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_no_made_up_header_ever_holds_or_breaks_the_check(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        verify((KEY,), headers, BODY, now=NOON)
