"""A policy as a form: clause by clause, the words of the text beside the condition; what the form lacks stays as it was.

The form is laid over the YAML it came from, so that nothing a form cannot show (evidence, funding) is lost.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import yaml

from kernel.i18n import gettext as _
from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.loading import KINDS
from policy_engine.policies.problems import DocumentRefused, Problem
from policy_engine.policies.source import read_source
from portals.zhengtong import forms
from portals.zhengtong.forms import Sent
from portals.zhengtong.policies.drafting_parts import StageForm, TableForm

MOST_CLAUSES = 60
_PLAIN = (
    "title",
    "title_en",
    "summary",
    "department",
    "department_en",
    "effective_from",
    "effective_to",
    "impact_assessment",
)
_MONEY = ("formula", "cap", "floor", "periods")
_PLACE = re.compile(r"eligibility\[(\d+)\]")
_RULE = re.compile(r"benefit\.table\.rules\[(\d+)\]")
_STAGE = re.compile(r"stages\[(\d+)\]")


class ClauseForm(msgspec.Struct, kw_only=True):
    id: str = ""
    text: str = ""
    condition: str = ""
    source: str = ""


class PolicyForm(msgspec.Struct, kw_only=True):
    """``plain`` and ``money`` hold fields by name; a field that the document lacks is empty. Money is by formula, or by a
    ``table``."""

    plain: dict[str, str]
    clauses: list[ClauseForm]
    money: dict[str, str] | None
    table: TableForm | None
    stages: list[StageForm]
    sources: dict[str, str]


def form_of(text: str) -> PolicyForm:
    """The form of a document that has been read before. Raises ``DocumentRefused`` for one that is no mapping."""
    content = _content(text)
    benefit = content.get("benefit")
    money = benefit if isinstance(benefit, dict) else None
    table = None if money is None else money.get("table")
    return PolicyForm(
        plain={name: _text(content.get(name)) for name in _PLAIN},
        clauses=[
            ClauseForm(**{name: _text(one.get(name)) for name in ClauseForm.__struct_fields__})
            for one in content.get("eligibility", [])
            if isinstance(one, dict)
        ],
        money=None if money is None else {name: _text(money.get(name)) for name in _MONEY},
        table=TableForm.of(table) if isinstance(table, dict) else None,
        stages=StageForm.all_of(content.get("stages")),
        sources={key: _text(one.get("title")) for key, one in content.get("sources", {}).items()},
    )


def read_form(sent: Sent, before: PolicyForm) -> PolicyForm:
    """What was sent, in the shape of the form it came from."""
    places = sorted(
        {int(found[1]) for name in sent if (found := re.fullmatch(r"clause-(\d{1,3})-\w+", name))}
    )
    clauses = [
        ClauseForm(
            **{name: forms.one(sent, f"clause-{place}-{name}") for name in ClauseForm.__struct_fields__}
        )
        for place in places[:MOST_CLAUSES]
    ]
    return PolicyForm(
        plain={name: forms.one(sent, name) for name in _PLAIN},
        clauses=clauses,
        money=None if before.money is None else {name: forms.one(sent, name) for name in _MONEY},
        table=TableForm.sent(sent) if forms.one(sent, "amount_by") == "table" else None,
        stages=StageForm.all_sent(sent),
        sources=before.sources,
    )


def laid_over(text: str, form: PolicyForm, *, version: int) -> str:
    """The YAML of a document with what the form says in it, as the ``version`` given."""
    content = _content(text)
    content["version"] = version
    for name, value in form.plain.items():
        _put(content, name, value)
    content["eligibility"] = [
        {name: value for name, value in msgspec.structs.asdict(one).items() if value} for one in form.clauses
    ]
    if form.money is not None:
        for name, value in form.money.items():
            _put(content["benefit"], name, value)
        content["benefit"].pop("table", None)
        if form.table is not None:
            content["benefit"].pop("formula", None)
            content["benefit"]["table"] = form.table.content()
    if form.stages or "stages" in content:
        known = _stages_by_key(content.get("stages"))
        content["stages"] = [one.laid_over(known.get(one.key, {})) for one in form.stages]
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def _stages_by_key(stages: object) -> Mapping[str, dict[str, Any]]:
    found = [one for one in stages if isinstance(one, dict)] if isinstance(stages, list) else []
    return {_text(one.get("key")): one for one in found}


def named(form: PolicyForm) -> PolicyForm:
    """With an id for each clause that has none yet."""
    taken = {one.id for one in form.clauses}
    for one in form.clauses:
        number = len(form.clauses)
        while not one.id:
            candidate = f"clause-{number}"
            one.id = "" if candidate in taken else candidate
            number += 1
        taken.add(one.id)
    return form


def problems_by_clause(where: list[str]) -> Mapping[int, list[int]]:
    """Which problems, by their place in the list, speak of which clause (counted from 0)."""
    return _by_place(where, _PLACE)


def problems_by_rule(where: list[str]) -> Mapping[int, list[int]]:
    """The same of the rows of the table."""
    return _by_place(where, _RULE)


def problems_by_stage(where: list[str]) -> Mapping[int, list[int]]:
    """The same of the stages."""
    return _by_place(where, _STAGE)


def _by_place(where: list[str], pattern: re.Pattern[str]) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place, text in enumerate(where):
        spoken = pattern.match(text)
        if spoken:
            found.setdefault(int(spoken[1]) - 1, []).append(place)
    return found


def kind_of(text: str) -> EntityKind:
    """Whose facts the conditions are read on, also while the document is not yet in order."""
    content = _content(text)
    each, audience = content.get("each", "self"), content.get("audience")
    wanted = audience if each in ("self", "child") else each
    return next((one for one in KINDS if one == wanted), "person")


def _content(text: str) -> dict[str, Any]:
    content = read_source(text).content
    if not isinstance(content, dict):
        reason = _("这里应为键值")
        raise DocumentRefused([Problem("shape", "", 1, reason, _("请改成要求的写法。"))])
    return content


def _put(content: dict[str, Any], name: str, value: str) -> None:
    if value:
        content[name] = _day(value) if name.startswith("effective_") else value
    else:
        content.pop(name, None)


def _day(value: str) -> date | str:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value  # the check says what is wrong with it


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
