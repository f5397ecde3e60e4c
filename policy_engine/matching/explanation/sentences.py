"""The sentences of an explanation that a clerk can read out."""

from collections.abc import Sequence
from datetime import date

from kernel.i18n import ENGLISH, current_locale
from kernel.i18n import gettext as _
from kernel.money import format_yuan
from policy_engine.catalogue import Attribute, catalogue
from policy_engine.matching.explanation.critical import NUMBERS
from policy_engine.matching.explanation.schemas import ChangeSet, ClauseExplained, FactChanged, FactLine
from policy_engine.matching.explanation.words import label_of
from policy_engine.policies.judgement import Judgement
from policy_engine.profiles.disclosure import display
from policy_engine.profiles.schemas import RawValue


def change_set(changes: Sequence[tuple[Attribute, RawValue, RawValue]], *, is_enough: bool) -> ChangeSet:
    """Facts with what they are and what they would have to be, as one sentence."""
    told = tuple(_changed(*one) for one in changes)
    attributes = [one for one, _now, _then in changes]
    parts = [_change_in_words(attribute, one) for attribute, one in zip(attributes, told, strict=True)]
    joined = _("，并且").join(parts)
    if is_enough:
        return ChangeSet(
            changes=told, is_enough=True, sentence=_("如果%(changes)s，就符合。", changes=joined)
        )
    sentence = _("如果%(changes)s，就没有不符合的条件，但还有信息需要查明。", changes=joined)
    return ChangeSet(changes=told, is_enough=False, sentence=sentence)


def summary(
    judgement: Judgement,
    clauses: Sequence[ClauseExplained],
    deciding: Sequence[FactLine],
    nearest: Sequence[ChangeSet],
    eligible_from: date | None,
) -> str:
    """The answer in one or a few sentences."""
    if judgement.defect:
        return _("政策本身算不出金额，已停止推送，请联系主管部门。")
    if judgement.verdict == "eligible":
        if judgement.amount_fen is None:
            return _("符合全部条件。")
        return _(
            "符合全部条件，金额%(amount)s。",
            amount=_("%(amount)s元", amount=format_yuan(judgement.amount_fen)),
        )
    if judgement.verdict == "unknown":
        if not deciding:
            return _("现有信息还不能确定。")
        return _("还不能确定，只差：%(what)s。", what=_("、").join(_label(one) for one in deciding))
    failing = _("；").join(one.in_words for one in clauses if one.truth == "not_met")
    parts = [_("还不符合：%(what)s。", what=failing)]
    if eligible_from is not None:
        parts.append(_("不用做什么，到%(day)s就符合。", day=_day(eligible_from)))
    parts += [one.sentence for one in nearest[:1]]
    return "".join(parts) if current_locale() != ENGLISH else " ".join(parts)


def _changed(attribute: Attribute, now: RawValue, then: RawValue) -> FactChanged:
    is_number = attribute.type in NUMBERS and isinstance(now, int) and isinstance(then, int)
    rises = is_number and int(then or 0) > int(now or 0)
    return FactChanged(
        attribute=attribute.id,
        label=attribute.name,
        label_en=attribute.label_en,
        from_text=display(catalogue(), attribute, now),
        to_text=display(catalogue(), attribute, then),
        to_value=then,
        way="becomes" if not is_number else "at_least" if rises else "at_most",
    )


def _change_in_words(attribute: Attribute, one: FactChanged) -> str:
    values = {"what": label_of(attribute), "now": one.from_text, "then": one.to_text}
    if attribute.type == "money" and one.way == "at_least" and one.to_value == 1:
        return _("有了%(what)s（现在是%(now)s）", **values)  # any sum will do; nobody has a fen of anything
    if one.way == "at_least":
        return _("%(what)s由%(now)s升到%(then)s", **values)
    if one.way == "at_most":
        return _("%(what)s由%(now)s降到%(then)s", **values)
    return _("%(what)s由“%(now)s”变为“%(then)s”", **values)


def _label(line: FactLine) -> str:
    return line.label_en if current_locale() == ENGLISH else line.label


def _day(day: date) -> str:
    return _("%(year)s年%(month)s月%(day)s日", year=day.year, month=day.month, day=day.day)
