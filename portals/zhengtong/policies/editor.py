"""The editor: clause by clause, words beside condition, conditions put together from the catalogue or typed as FEEL.

Without a script every button sends the whole form and gets it back; with one, what is typed is checked as it is typed.
"""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody
from litestar.response import Redirect

from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.policies.problems import DocumentRefused
from portals.services import Services
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.policies import acts
from portals.zhengtong.policies.building import COMPARISONS, condition_of, facts_for
from portals.zhengtong.policies.drafting import (
    ClauseForm,
    PolicyForm,
    form_of,
    kind_of,
    laid_over,
    named,
    problems_by_clause,
    problems_by_rule,
    problems_by_stage,
    read_form,
)
from portals.zhengtong.policies.drafting_parts import (
    HIT_POLICIES,
    LEVELS,
    OUTCOMES,
    TableForm,
    change_stages,
)
from portals.zhengtong.policies.schemas import CheckedTexts
from portals.zhengtong.visit import Visit, Visiting

MAY_WRITE = needs("policy.author")


class _Work(msgspec.Struct):
    """One form on its way: the version it comes from, what it says, and the texts it makes."""

    source: uuid.UUID
    kind: EntityKind
    form: PolicyForm
    text: str
    cases_text: str
    number: int

    def made(self) -> str:
        return laid_over(self.text, named(self.form), version=self.number)


@get("/policies/edit", sync_to_thread=True, include_in_schema=False, guards=[MAY_WRITE])
def edit_page(visit: Visiting, source: FromQuery[str] = "") -> Response[str]:
    """A version as a form; what is saved is the draft itself, or the next version."""
    work = _work(visit.services, source, None)
    return _page(visit, work)


@post("/policies/edit", status_code=200, sync_to_thread=True, include_in_schema=False, guards=[MAY_WRITE])
def edit(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """``do``: save, check, add (an empty clause), build (one from the catalogue), remove-N, by-table, by-formula, or what
    changes the table's rows and the stages."""
    work, wanted = _work(visit.services, forms.one(data, "source"), data), forms.one(data, "do")
    try:
        if wanted == "save":
            version_id = acts.take_in(visit.services, visit.principal, work.made(), work.cases_text)
            return Redirect(f"/zhengtong/policies/{version_id}?done=draft", status_code=303)
        _change(work, wanted, data)
    except DocumentRefused:
        return _page(visit, work, status=400)  # the check below names them all
    except (InvalidInput, Conflict) as problem:
        errors = problem.at("title")
        return _page(visit, work, built=data, errors=errors, status=problem.status)
    return _page(visit, work)


@post(
    "/policies/edit/check", status_code=200, sync_to_thread=True, include_in_schema=False, guards=[MAY_WRITE]
)
def check_form(visit: Visiting, data: Form) -> Response[str]:
    """What is wrong as one types: a part of the page."""
    work = _work(visit.services, forms.one(data, "source"), data)
    checked = acts.checked(visit.services, work.made(), work.cases_text)
    return visit.page("zhengtong/policies/_checked.html", checked=checked)


class ConditionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``kind``: whose facts; ``fact`` as FEEL reaches it; ``comparison``: is, is_not, at_least, more, at_most, less,
    one_of, inside or known. Of what there are several of (``就业.合同月数``) one must meet it.
    """

    kind: EntityKind
    fact: Annotated[str, msgspec.Meta(max_length=120)]
    comparison: str
    value: Annotated[str, msgspec.Meta(max_length=400)] = ""


class ConditionBuilt(msgspec.Struct, frozen=True, kw_only=True):
    condition: str


@post(
    "/policies/conditions",
    status_code=200,
    sync_to_thread=True,
    tags=["policies"],
    summary="A condition put together from the catalogue",
    guards=[MAY_WRITE],
)
def build_condition(data: JSONBody[ConditionRequest]) -> ConditionBuilt:
    return ConditionBuilt(condition=condition_of(data.kind, data.fact, data.comparison, data.value))


def _work(services: Services, source: str, sent: Sent | None) -> _Work:
    version_id = forms.identified(source)
    text, cases_text = acts.texts_of(services, version_id)
    form = form_of(text)
    if sent is not None:
        form = read_form(sent, form)
        cases_text = forms.one(sent, "cases").replace("\r\n", "\n")
    return _Work(
        version_id, kind_of(text), form, text, cases_text, acts.number_to_write(services, version_id)
    )


def _change(work: _Work, wanted: str, sent: Sent) -> None:
    """Raises ``InvalidInput`` for a condition that cannot be put together."""
    clauses = work.form.clauses
    if wanted == "add":
        clauses.append(ClauseForm())
    elif wanted == "build":
        condition = condition_of(
            work.kind, forms.one(sent, "fact"), forms.one(sent, "comparison"), forms.one(sent, "value")
        )
        source = next(iter(work.form.sources), "")
        clauses.append(ClauseForm(text=forms.one(sent, "words"), condition=condition, source=source))
    elif wanted.startswith("remove-") and wanted.removeprefix("remove-").isdecimal():
        place = int(wanted.removeprefix("remove-"))
        if place < len(clauses):
            del clauses[place]
    elif wanted in ("by-table", "by-formula") and work.form.money is not None:
        work.form.table = TableForm() if wanted == "by-table" else None
    elif work.form.table is not None and ("-rule" in wanted or "-input" in wanted):
        work.form.table.change(wanted)
    else:
        change_stages(work.form.stages, wanted)


def _page(
    visit: Visit,
    work: _Work,
    *,
    built: Sent | None = None,
    errors: tuple[FieldError, ...] | list[FieldError] = (),
    status: int = 200,
) -> Response[str]:
    checked: CheckedTexts = acts.checked(visit.services, work.made(), work.cases_text)
    where = [one.where for one in checked.problems]
    by_clause = problems_by_clause(where)
    return visit.page(
        "zhengtong/policies/edit.html",
        status=status,
        source=work.source,
        form=work.form,
        number=work.number,
        cases_text=work.cases_text,
        checked=checked,
        by_clause={place: [checked.problems[one] for one in ones] for place, ones in by_clause.items()},
        by_rule={place: checked.problems[ones[0]] for place, ones in problems_by_rule(where).items()},
        by_stage={place: checked.problems[ones[0]] for place, ones in problems_by_stage(where).items()},
        hit_policies=[(key, _(label)) for key, label in HIT_POLICIES.items()],
        outcomes=[(key, _(label)) for key, label in OUTCOMES.items()],
        levels=[(key, _(label)) for key, label in LEVELS.items()],
        facts=_choices(work.kind),
        comparisons=[(key, _(label)) for key, label in COMPARISONS.items()],
        built={name: forms.one(built or {}, name) for name in ("fact", "comparison", "value", "words")},
        errors=errors,
    )


def _choices(kind: EntityKind) -> list[tuple[str, list[tuple[str, str]]]]:
    """The facts to choose from by whose they are: (whose, [(path, name)])."""
    is_english = current_locale() == ENGLISH
    groups: dict[str, list[tuple[str, str]]] = {}
    for fact in facts_for(kind):
        name = f"{fact.path} · {fact.attribute.label_en}" if is_english else fact.path
        whose = catalogue().entities[fact.attribute.entity].name
        heading = _("任一%(thing)s", thing=fact.among.replace(".", "")) if fact.among else whose
        groups.setdefault(heading, []).append((fact.path, name))
    return list(groups.items())


PAGES = [edit_page, edit, check_form]
API = [build_condition]
