"""The parts of a policy's form that are made of rows: the table of amounts and the stages a claim passes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from kernel.i18n import N_
from portals.zhengtong import forms
from portals.zhengtong.forms import Sent

MOST_RULES, MOST_INPUTS, MOST_STAGES = 200, 12, 40
HIT_POLICIES: dict[str, str] = {
    "U": N_("只会命中一行（U）"),
    "F": N_("按先后取第一行（F）"),
    "A": N_("命中的各行金额相同（A）"),
    "P": N_("按优先次序取一行（P）"),
    "C+": N_("各行相加（C+）"),
    "C<": N_("取最低（C<）"),
    "C>": N_("取最高（C>）"),
    "C#": N_("按命中行数（C#）"),
}
OUTCOMES: dict[str, str] = {"accept": N_("受理"), "joint_review": N_("会审"), "decide": N_("决定")}
LEVELS: dict[str, str] = {
    "township": N_("镇街"),
    "county": N_("区县"),
    "city": N_("市"),
    "province": N_("省"),
}
#: Whose duty each outcome is: no choice, the law's.
_DUTIES = {"accept": "claim.accept", "joint_review": "claim.joint_review", "decide": "claim.decide"}
_LIST = re.compile(r"[、，,;；\s]+")
_ANY = "-"


class RuleForm(msgspec.Struct, kw_only=True):
    when: list[str]
    then: str = ""


class TableForm(msgspec.Struct, kw_only=True):
    """As an author fills it in; ``ranking`` is a line of numbers."""

    hit_policy: str = "U"
    inputs: list[str] = msgspec.field(default_factory=lambda: [""])
    rules: list[RuleForm] = msgspec.field(default_factory=lambda: [RuleForm(when=[_ANY])])
    ranking: str = ""
    per_hit: str = ""

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "TableForm":
        inputs = _texts(content.get("inputs"))[:MOST_INPUTS]
        rules = content.get("rules")
        return cls(
            hit_policy=_text(content.get("hit_policy")),
            inputs=inputs,
            rules=[
                RuleForm(when=_texts(one.get("when")), then=_text(one.get("then")))
                for one in (rules if isinstance(rules, list) else [])[:MOST_RULES]
                if isinstance(one, dict)
            ],
            ranking="、".join(_texts(content.get("ranking"))),
            per_hit=_text(content.get("per_hit")),
        )

    @classmethod
    def sent(cls, sent: Sent) -> "TableForm":
        columns = list(_places(sent, r"input-(\d{1,2})"))[:MOST_INPUTS]
        return cls(
            hit_policy=forms.one(sent, "hit_policy"),
            inputs=[forms.one(sent, f"input-{one}") for one in columns],
            rules=[
                RuleForm(
                    when=[forms.one(sent, f"rule-{row}-when-{one}") or _ANY for one in columns],
                    then=forms.one(sent, f"rule-{row}-then"),
                )
                for row in list(_places(sent, r"rule-(\d{1,3})-then"))[:MOST_RULES]
            ],
            ranking=forms.one(sent, "ranking"),
            per_hit=forms.one(sent, "per_hit"),
        )

    def change(self, wanted: str) -> None:
        """``add-rule``, ``add-input``, ``remove-rule-N`` or ``remove-input-N``; anything else changes nothing."""
        place = _number(wanted)
        if wanted == "add-rule":
            self.rules.append(RuleForm(when=[_ANY] * len(self.inputs)))
        elif wanted == "add-input" and len(self.inputs) < MOST_INPUTS:
            self.inputs.append("")
            for rule in self.rules:
                rule.when.append(_ANY)
        elif wanted.startswith("remove-rule-") and place < len(self.rules):
            del self.rules[place]
        elif wanted.startswith("remove-input-") and place < len(self.inputs):
            del self.inputs[place]
            for rule in self.rules:
                del rule.when[place : place + 1]

    def content(self) -> dict[str, Any]:
        """As it stands in a document; what is empty is left out."""
        found: dict[str, Any] = {"hit_policy": self.hit_policy, "inputs": self.inputs}
        found["rules"] = [
            {"when": one.when, "then": one.then} if one.then else {"when": one.when} for one in self.rules
        ]
        ranking = [one for one in _LIST.split(self.ranking) if one]
        return {
            **found,
            **({"ranking": ranking} if ranking else {}),
            **({"per_hit": self.per_hit} if self.per_hit else {}),
        }


#: What the form of a stage says, and the duty that follows from it.
_SHOWN = frozenset(
    {
        "key",
        "title",
        "title_en",
        "outcome",
        "duty",
        "level",
        "department",
        "working_days",
        "may_repeat_person",
    }
)


class StageForm(msgspec.Struct, kw_only=True):
    """One post that a claim passes; its duty follows from what it may do."""

    key: str = ""
    title: str = ""
    title_en: str = ""
    outcome: str = "accept"
    level: str = "county"
    department: str = ""
    working_days: str = "5"
    may_repeat_person: str = ""

    @classmethod
    def all_of(cls, content: object) -> "list[StageForm]":
        stages = content if isinstance(content, list) else []
        return [
            cls(
                key=_text(one.get("key")),
                title=_text(one.get("title")),
                title_en=_text(one.get("title_en")),
                outcome=_text(one.get("outcome")),
                level=_text(one.get("level")),
                department=_text(one.get("department")),
                working_days=_text(one.get("working_days", 5)),
                may_repeat_person="1" if one.get("may_repeat_person") else "",
            )
            for one in stages
            if isinstance(one, dict)
        ]

    @classmethod
    def all_sent(cls, sent: Sent) -> "list[StageForm]":
        return [
            cls(**{name: forms.one(sent, f"stage-{place}-{name}") for name in cls.__struct_fields__})
            for place in list(_places(sent, r"stage-(\d{1,2})-title"))[:MOST_STAGES]
        ]

    def laid_over(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """As it stands in a document; what the form cannot show (joint signatures, amounts) stays as it was."""
        shown = self.content()
        kept = {name: value for name, value in before.items() if name not in _SHOWN}
        return {**shown, **kept}

    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "key": self.key,
            "title": self.title,
            **({"title_en": self.title_en} if self.title_en else {}),
            "outcome": self.outcome,
            "duty": _DUTIES.get(self.outcome, self.outcome),
            "level": self.level,
        }
        if self.department:
            found["department"] = self.department
        found["working_days"] = int(self.working_days) if self.working_days.isdecimal() else self.working_days
        return {**found, "may_repeat_person": True} if self.may_repeat_person else found


def change_stages(stages: list[StageForm], wanted: str) -> None:
    """``add-stage`` puts one before the decision, ``earlier-stage-N`` moves it, ``remove-stage-N`` takes it out."""
    place = _number(wanted)
    if wanted == "add-stage" and len(stages) < MOST_STAGES:
        last = len(stages) - 1 if stages and stages[-1].outcome == "decide" else len(stages)
        stages.insert(last, StageForm(key=_new_key(stages)))
    elif wanted.startswith("earlier-stage-") and 0 < place < len(stages):
        stages[place - 1], stages[place] = stages[place], stages[place - 1]
    elif wanted.startswith("remove-stage-") and place < len(stages):
        del stages[place]


def _new_key(stages: list[StageForm]) -> str:
    taken = {one.key for one in stages}
    return next(key for number in range(1, MOST_STAGES + 2) if (key := f"stage-{number}") not in taken)


def _places(sent: Sent, pattern: str) -> Iterator[int]:
    found = (re.fullmatch(pattern, name) for name in sent)
    yield from sorted({int(one[1]) for one in found if one})


def _number(wanted: str) -> int:
    """The place that a button names; beyond everything where it names none."""
    last = wanted.rpartition("-")[2]
    return int(last) if last.isdecimal() and len(last) <= len(str(MOST_RULES)) else MOST_RULES + 1


def _texts(value: object) -> list[str]:
    return [_text(one) for one in value] if isinstance(value, list) else []


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
