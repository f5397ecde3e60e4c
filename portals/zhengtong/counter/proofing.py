"""Checking at the counter who somebody is: the person, their papers, and what was seen written down."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from identity.proofing import service as proofing
from identity.proofing.service import IDENTITY_PAPERS, OTHER_FACTS, CounterLevel, SeenFact
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.counter import acts
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_ASSIST = needs("counter.assist")
_FIELDS = (
    "first",
    "first_tail",
    "first_until",
    "second",
    "second_tail",
    "second_until",
    "compared",
    "slip",
    "level",
)


class CounterProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``level``: L2 the real name, L4 the face compared with the picture; ``slip``: the form's filing number."""

    level: Literal["L2", "L4"]
    facts: Annotated[tuple[SeenFact, ...], msgspec.Meta(min_length=2, max_length=2)]
    slip: Annotated[str, msgspec.Meta(max_length=60)]
    is_face_compared: bool = False


class ProofRecorded(msgspec.Struct, frozen=True, kw_only=True):
    proof_id: str


@get("/counter/people/{key:str}/proof", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def proof(visit: Visiting, key: FromPath[str]) -> Response[str]:
    """What to look at, and what to write down."""
    return _page(visit, key, {"level": "L4"})


@post("/counter/people/{key:str}/proof", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def prove(visit: Visiting, key: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Write down what was seen; the account is raised with the same commit."""
    given = {name: forms.one(data, name) for name in _FIELDS}
    try:
        _record(visit.services, visit.principal, key, _read(data))
    except (InvalidInput, Conflict, Forbidden) as problem:
        errors = problem.at()
        return _page(visit, key, given, errors=errors, status=problem.status)
    return Redirect(f"/zhengtong/counter/people/{key}?done=proved", status_code=303)


@post(
    "/counter/people/{key:str}/proofs",
    sync_to_thread=True,
    tags=["counter"],
    summary="Record that somebody showed who they are",
    guards=[MAY_ASSIST],
)
def add_proof(
    services: Given, principal: Said, key: FromPath[str], data: JSONBody[CounterProof]
) -> ProofRecorded:
    return ProofRecorded(proof_id=_record(services, principal, key, data))


PAGES = [proof, prove]
API = [add_proof]


def _record(services: Services, principal: Principal, key: str, given: CounterProof) -> str:
    house, subject_id = services.house, acts.found(services, principal, key)
    with house.database.write() as session:
        made = proofing.prove_at_counter(
            session,
            principal,
            subject_id,
            given.facts,
            level=given.level,
            is_face_compared=given.is_face_compared,
            slip=given.slip,
            vault=house.vault,
            now=house.clock.now(),
        )
    return str(made)


def _read(data: Sent) -> CounterProof:
    level: CounterLevel = "L2" if forms.one(data, "level") == "L2" else "L4"
    return CounterProof(
        level=level,
        facts=(_fact(data, "first"), _fact(data, "second")),
        slip=forms.one(data, "slip"),
        is_face_compared=forms.one(data, "compared") == "1",
    )


def _fact(data: Sent, name: str) -> SeenFact:
    text = forms.one(data, f"{name}_until")
    try:
        until = date.fromisoformat(text) if text else None
    except ValueError:
        what = _("日期应写作 2036-01-31")
        raise InvalidInput(what, errors=[FieldError(f"{name}_until", what)]) from None
    return SeenFact(
        kind=forms.one(data, name), number_tail=forms.one(data, f"{name}_tail"), valid_until=until
    )


def _page(
    visit: Visit, key: str, given: dict[str, str], *, errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response[str]:
    return visit.page(
        "zhengtong/counter/proof.html",
        status=status,
        person=acts.person(visit.services, visit.principal, key),
        given={**dict.fromkeys(_FIELDS, ""), **given},
        errors=[FieldError(one.where, _(one.what)) for one in errors],
        first_kinds=[(kind, _(label)) for kind, label in IDENTITY_PAPERS.items()],
        second_kinds=[(kind, _(label)) for kind, label in {**OTHER_FACTS, **IDENTITY_PAPERS}.items()],
    )
