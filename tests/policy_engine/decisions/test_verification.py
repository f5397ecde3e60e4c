"""A genuine record passes, whatever the policy; a record changed anywhere does not, and the place is named."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey

from policy_engine.decisions.building import build
from policy_engine.decisions.record import DecisionFile, canonical
from policy_engine.decisions.signing import signed
from policy_engine.decisions.verification import verify
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.policies.library import library
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from tests.policy_engine.decisions.records import KEYS, ORIGIN, built_for, deed_of, file_of, resigned, wrong
from tests.policy_engine.matching.strangers import stranger_family
from tests.policy_engine.matching.town import AS_OF, NOON, everything

EVERYTHING = everything()


@pytest.mark.parametrize("kind", ["household", "firm"])
@pytest.mark.parametrize("seed", range(4))
def test_every_genuine_record_passes(seed: int, kind: Any) -> None:
    for built in built_for(stranger_family(seed, kind), EVERYTHING):
        assert wrong(file_of(built)) == [], built.record.policy.id


@pytest.mark.parametrize("kind", ["household", "firm"])
@pytest.mark.parametrize("seed", range(4))
def test_withheld_values_leave_questions_open_but_contradict_nothing(seed: int, kind: Any) -> None:
    dice = random.Random(seed)  # noqa: S311
    for built in built_for(stranger_family(seed, kind), EVERYTHING):
        told = tuple(one for one in built.disclosures if dice.random() < 0.5)
        assert wrong(msgspec.structs.replace(file_of(built), disclosures=told)) == []


def dibao_file() -> DecisionFile:
    """A 低保 household of two in 黄石, whose amount hangs on a standard, a head count and an income."""

    def subject(number: int, kind: str, **facts: Any) -> KnownSubject:
        known = {key: KnownFact(value, "civil_affairs", NOON) for key, value in facts.items()}
        return KnownSubject(number, kind, 1, None, "420202070", 1, known)  # type: ignore[arg-type]

    home = subject(
        1,
        "household",
        hukou_division="420202070",
        hukou_type="城镇",
        is_dibao=True,
        dibao_until=None,
        dibao_income=50_000,
    )
    family = Family(home, (subject(2, "person"), subject(3, "person")), 1)
    (document,) = [one.document for one in library() if one.document.id == "dibao"]
    published = publish_documents([(document, "official")])
    case = FamilyCase(family, published, AS_OF)
    deed = deed_of("granted", 113_000)
    return file_of(build(case, published.policies[0], Subject(1, 1), deed, "符合条件", ORIGIN))


def test_the_record_says_how_the_amount_came_about() -> None:
    file = dibao_file()
    assert wrong(file) == []
    assert file.record.amount_fen == 113_000
    steps = next(one.value for one in file.disclosures if one.name == "steps")
    assert [(one["what"], one["yuan"]) for one in steps] == [("formula", "1130"), ("rounding", "1130")]
    assert [(one.name, one.value, one.standing) for one in file.record.standards] == [
        ("低保标准", 81_500, "official")
    ]


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key in value:
            yield from _leaves(value[key], (*path, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _leaves(one, (*path, place))
    else:
        yield path


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return "2001-01-01" if value is None else f"{value}x"


GENUINE = msgspec.json.decode(canonical(dibao_file()))
#: Only the copy of the key in the file is not covered: trusted keys are given from outside.
FIELDS = [path for path in _leaves(GENUINE) if path[0] != "key"]


@pytest.mark.parametrize("path", FIELDS, ids=lambda path: ".".join(map(str, path)))
def test_every_field_changed_is_caught(path: tuple[Any, ...]) -> None:
    content = msgspec.json.decode(canonical(GENUINE))
    here = content
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = _other(here[path[-1]])
    assert wrong(content)


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("amount_fen", {"amount_fen": 113_001}),
        ("verdict", {"verdict": "ineligible"}),
        ("periods", {"periods": 3}),
        ("as_of", {"as_of": "2024-11-23"}),
        ("clauses", {"clauses": ()}),
        ("missing", {"missing": ("household.is_dibao",)}),
        ("standards", {"standards": ()}),
        ("unit", {"unit": 7}),
        ("bearers", {"bearers": ()}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lie_is_caught_even_when_it_is_signed(place: str, changes: dict[str, Any]) -> None:
    file = dibao_file()
    findings = wrong(resigned(file, **changes))
    assert findings, place
    assert not [one for one in findings if one.where == "signature"]


def test_a_standard_that_was_never_published_is_caught() -> None:
    file = dibao_file()
    dearer = msgspec.structs.replace(file.record.standards[0], value=91_500)
    found = wrong(resigned(file, standards=(dearer,)))
    assert {one.where for one in found} >= {"standard 低保标准", "amount_fen"}


def test_more_granted_than_the_rule_gives_is_caught() -> None:
    file = dibao_file()
    found = wrong(resigned(file, deed=msgspec.structs.replace(file.record.deed, amount_fen=200_000)))
    assert [one.where for one in found] == ["deed.amount_fen"]


def test_another_rule_is_not_this_rule() -> None:
    file = dibao_file()
    document = {**file.documents[0], "title": "别的政策"}
    found = wrong(msgspec.structs.replace(file, documents=(document,)))
    assert [one.where for one in found] == ["policy.sm3"]


def test_a_strangers_signature_is_not_the_issuers() -> None:
    file = dibao_file()
    stranger = ECKey.generate_key("P-256", {"kid": "issuer-1"})
    forged = msgspec.structs.replace(file, signature=signed(file.record, stranger))
    assert [one.where for one in wrong(forged)] == ["signature"]
    unknown = msgspec.structs.replace(
        file, signature=signed(file.record, ECKey.generate_key("P-256", {"kid": "x"}))
    )
    assert [one.where for one in wrong(unknown)] == ["signature"]


def test_without_trusted_keys_the_verifier_says_so() -> None:
    (note,) = verify(canonical(dibao_file()))
    assert (note.where, note.is_note) == ("signature", True)


def test_an_officials_own_judgement_is_noted_and_no_discrepancy() -> None:
    file = dibao_file()
    deed = msgspec.structs.replace(file.record.deed, outcome="refused", amount_fen=None)
    findings = verify(canonical(resigned(file, deed=deed)), KEYS)
    assert [(one.where, one.is_note) for one in findings] == [("deed.outcome", True)]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"record": {}}'], ids=str)
def test_what_is_no_record_is_said_to_be_none(content: bytes) -> None:
    assert [one.where for one in verify(content)] == ["file"]
