"""What a document must satisfy before anybody reads its FEEL: complete, coherent, every figure with its source."""

import re
from collections.abc import Callable, Iterator

from kernel.i18n import gettext as _
from policy_engine.catalogue import Catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS
from policy_engine.policies.dependencies import feel_texts
from policy_engine.policies.document import Limit, PolicyDocument
from policy_engine.policies.problems import Finding, Path
from policy_engine.policies.table_rules import TABLE_RULES

#: What no public notice may tell of a person, not even by being about it.
_NEVER_TOLD = frozenset(
    {"person.disability_level", "person.has_long_term_care_need", "person.has_severe_illness"}
)
#: As long as acts at a stage are filed under it.
LONGEST_STAGE_KEY = 32
Rule = Callable[[PolicyDocument, Catalogue], Iterator[Finding]]

#: Times of limits, the shortest first.
_LENGTHS = ("month", "quarter", "year", "life")
_ANY_OF = re.compile(r"\bor\b")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_FIGURE = re.compile(r"(?<![\w.])(?!0+(?:\.0+)?(?![\w.]))\d+(?:\.\d+)?")


def benefit_or_status(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Money or a status, one of them; and money says by which formula, from which funds, from when."""
    if (document.benefit is None) == (document.status is None):
        yield (
            "benefit_or_status",
            (),
            _("benefit 与 status 必须且只能写一项"),
            _("发钱的写 benefit，认定身份的写 status。"),
        )
    benefit = document.benefit
    if benefit is None:
        return
    if (benefit.formula is None) == (benefit.table is None):
        yield "formula_or_table", ("benefit",), _("formula 与 table 必须且只能写一项"), _("请保留其中一项。")
    for part in ("funding", "accrual"):
        if getattr(document, part) is None:
            yield (
                "missing_part",
                (),
                _("发放资金的政策缺少 %(part)s", part=part),
                _("请补上 %(part)s。", part=part),
            )
    funding = document.funding
    if funding is not None and funding.kind == "quota" and not funding.appropriations:
        yield (
            "no_budget",
            ("funding",),
            _("限额资金没有写明预算"),
            _("请在 appropriations 中写明科目、年度和金额。"),
        )


def audience_and_each(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Hires, loans and projects belong to firms, homes to households; children are persons."""
    wanted = "person" if document.each == "child" else ITEM_OWNERS.get(document.entity)
    if wanted is not None and document.audience != wanted:
        mend = _("请把 audience 改为 %(wanted)s，或修改 each。", wanted=wanted)
        yield (
            "each",
            ("each",),
            _("each: %(each)s 只能用于 audience: %(wanted)s", each=document.each, wanted=wanted),
            mend,
        )


def place_and_time(document: PolicyDocument, catalogue: Catalogue) -> Iterator[Finding]:
    """A division that exists, and an end that is not before the beginning."""
    if document.jurisdiction not in catalogue.divisions:
        yield (
            "division",
            ("jurisdiction",),
            _("没有行政区划 %(jurisdiction)s", jurisdiction=document.jurisdiction),
            _("请填写目录中的区划代码。"),
        )
    if document.effective_to is not None and document.effective_to < document.effective_from:
        yield "dates", ("effective_to",), _("失效日期早于生效日期"), _("请更正日期。")


def unique_ids(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Clauses and stages are referred to by their ids."""
    lists = {
        "eligibility": [one.id for one in document.eligibility],
        "stages": [one.key for one in document.stages],
    }
    for part, ids in lists.items():
        for index, one in enumerate(ids):
            if one in ids[:index]:
                yield "duplicate_id", (part, index), _("编号 %(one)s 重复", one=one), _("请改用不同的编号。")


def figure_sources(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Every figure in a condition or an amount can be followed to where it was read."""
    for index, clause in enumerate(document.eligibility):
        path: Path = ("eligibility", index)
        if clause.source is not None and clause.source not in document.sources:
            yield (
                "unknown_source",
                (*path, "source"),
                _("sources 中没有 %(source)s", source=clause.source),
                _("请补上这个来源。"),
            )
        figures = _FIGURE.findall(_STRING.sub(" ", clause.condition))
        if figures and clause.source is None:
            reason = _("条件里的数字 %(figures)s 没有写明来源", figures="、".join(dict.fromkeys(figures)))
            yield "missing_figure_source", (*path, "condition"), reason, _("请为这一条加上 source。")
    if document.benefit is not None and document.benefit.source not in document.sources:
        reason = _("sources 中没有 %(source)s", source=document.benefit.source)
        yield "unknown_source", ("benefit", "source"), reason, _("请补上金额的来源。")
    for index, cap in enumerate(document.yearly_caps):
        if cap.source not in document.sources:
            reason = _("sources 中没有 %(source)s", source=cap.source)
            yield "unknown_source", ("yearly_caps", index, "source"), reason, _("请补上这个来源。")
    used = {one.source for one in document.eligibility} | {one.source for one in document.yearly_caps}
    used.add(document.benefit.source if document.benefit else None)
    for key in document.sources.keys() - used:
        yield (
            "unused_source",
            ("sources", key),
            _("来源 %(key)s 没有被引用", key=key),
            _("请引用它，或删去。"),
        )


def stages_lead_to_a_decision(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Only a named official decides: the last stage, and no other, has the outcome ``decide`` and its duty."""
    if document.is_computed_status and not document.stages:
        return
    if not document.stages or document.stages[-1].outcome != "decide":
        yield "no_decision", ("stages",), _("办理环节的最后一环必须是决定（decide）"), _("请补上决定环节。")
    wanted = {"accept": "claim.accept", "joint_review": "claim.joint_review", "decide": "claim.decide"}
    for index, stage in enumerate(document.stages):
        if stage.duty != wanted[stage.outcome]:
            path: Path = ("stages", index, "duty")
            yield (
                "stage_duty",
                path,
                _(
                    "%(outcome)s 环节的职责应为 %(outcome_too)s",
                    outcome=stage.outcome,
                    outcome_too=wanted[stage.outcome],
                ),
                _("请更正 duty。"),
            )
        if stage.outcome == "decide" and index < len(document.stages) - 1:
            yield "early_decision", ("stages", index), _("决定之后不能再有环节"), _("请调整环节顺序。")


def joint_stages_can_agree(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """会签 is of several, by department or by person; who accepts a claim accepts it alone."""
    for index, stage in enumerate(document.stages):
        path: Path = ("stages", index)
        if len(stage.key) > LONGEST_STAGE_KEY:
            reason = _("环节编号最长 %(most)d 个字符", most=LONGEST_STAGE_KEY)
            yield "stage_key", (*path, "key"), reason, _("请改短。")
        if not stage.joint:
            continue
        if stage.outcome == "accept":
            yield "joint_accept", (*path, "joint"), _("受理环节不能会签"), _("请把会签放到审核或决定环节。")
        if len(stage.joint) < 2:
            yield (
                "joint_alone",
                (*path, "joint"),
                _("会签至少要有两个席位"),
                _("请补上另一席位，或删去 joint。"),
            )
        if stage.department:
            reason = _("会签环节的部门写在各席位上")
            yield "joint_department", (*path, "department"), reason, _("请删去 department。")
        if stage.may_repeat_person:
            reason = _("会签的每个席位必须由不同的人签署")
            yield "joint_person", (*path, "may_repeat_person"), reason, _("请删去 may_repeat_person。")


def amounts_that_add_hands(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """What only large amounts pass is for money, and never the decision itself: somebody decides every claim."""
    for index, stage in enumerate(document.stages):
        places: list[Path] = [("stages", index, "above_yuan")] if stage.above_yuan is not None else []
        places += [
            ("stages", index, "joint", place, "above_yuan")
            for place, one in enumerate(stage.joint)
            if one.above_yuan is not None
        ]
        if stage.outcome == "decide" and stage.above_yuan is not None:
            reason = _("决定环节不能只对大额申请生效")
            yield "conditional_decision", places[0], reason, _("请改在 joint 的席位上写 above_yuan。")
        if document.benefit is None:
            for path in places:
                yield "amount_without_money", path, _("不发钱的政策没有金额"), _("请删去 above_yuan。")


def notices_keep_silent(document: PolicyDocument, catalogue: Catalogue) -> Iterator[Finding]:
    """A notice that names people under a policy about illness or disability tells of them what must not be told."""
    notice = document.notice
    if notice is None or "name_masked" not in notice.fields:
        return
    # Where it is one of several ways to qualify, being on the list tells nothing.
    texts = [_STRING.sub(" ", one.condition) for one in document.eligibility]
    words = {word for text in texts if not _ANY_OF.search(text) for word in re.findall(r"\w+", text)}
    told = sorted({one.name for one in catalogue.attributes if one.id in _NEVER_TOLD} & words)
    if told:
        reason = _("公示姓名会透露“%(facts)s”", facts="”、“".join(told))
        yield "notice_tells", ("notice", "fields"), reason, _("请从 notice.fields 中删去 name_masked。")


def status_names(document: PolicyDocument, catalogue: Catalogue) -> Iterator[Finding]:
    """A recognised status speaks of its attribute by name; a computed one has a name of its own."""
    status = document.status
    if status is None:
        return
    names = {one.name for one in catalogue.attributes} | catalogue.parameters.keys()
    names |= {name for entity in catalogue.entities.values() for name in entity.relations}
    if status.nature != "definition" and status.attribute is None:
        yield (
            "status_attribute",
            ("status",),
            _("认定或推定的身份必须写明 attribute"),
            _("请写明对应的目录属性。"),
        )
    if status.attribute is not None:
        yield from _attribute_of(document, catalogue, status.attribute)
    if status.nature == "recognised":
        return
    if status.name in names:
        reason = _("“%(name)s”已是目录中的名称", name=status.name)
        yield "status_name", ("status", "name"), reason, _("推算的身份请另取名称，如加“推定”二字。")
    if status.nature == "presumed" and status.invitation is None:
        yield (
            "no_invitation",
            ("status",),
            _("推定的身份只能用来邀请，缺少 invitation"),
            _("请写明给居民的邀请文字。"),
        )


def _attribute_of(document: PolicyDocument, catalogue: Catalogue, attribute_id: str) -> Iterator[Finding]:
    path: Path = ("status", "attribute")
    try:
        attribute = catalogue.attribute(attribute_id)
    except KeyError:
        yield (
            "unknown_attribute",
            path,
            _("目录里没有属性 %(attribute_id)s", attribute_id=attribute_id),
            _("请查阅目录中的属性编号。"),
        )
        return
    if attribute.type != "boolean" or attribute.entity != document.entity:
        yield (
            "status_attribute",
            path,
            _(
                "%(attribute_id)s 不是 %(entity)s 的是非属性",
                attribute_id=attribute_id,
                entity=document.entity,
            ),
            _("请改用是非属性。"),
        )
    status = document.status
    if status is not None and status.nature == "recognised" and status.name != attribute.name:
        mend = _("请把 status.name 写成“%(name)s”。", name=attribute.name)
        yield "status_name", ("status", "name"), _("认定身份的名称应与目录属性的名称一致"), mend


def impact_assessment(document: PolicyDocument, catalogue: Catalogue) -> Iterator[Finding]:
    """PIPL Art. 55: sensitive facts, minors under 14 and automated decisions need a recorded assessment."""
    if document.impact_assessment:
        return
    words = {word for _, text in feel_texts(document) for word in re.findall(r"\w+", _STRING.sub(" ", text))}
    sensitive = sorted({one.name for one in catalogue.attributes if one.sensitivity != "general"} & words)
    is_about_people = document.audience != "firm" and document.status is None
    is_automated = document.delivery.mode == "automatic" and is_about_people
    if sensitive or document.each == "child" or is_automated:
        what = _("由系统自动办理")
        if document.each == "child":
            what = _("涉及不满十四周岁的未成年人")
        if sensitive:
            what = _("使用了敏感信息（%(sensitive)s）", sensitive="、".join(sensitive))
        mend = _("请完成个人信息保护影响评估，并在 impact_assessment 写明编号。")
        yield "impact_assessment", (), _("%(what)s，没有影响评估记录", what=what), mend


def no_self_reference(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    for part in ("requires", "excludes", "choose_higher_with"):
        if document.id in getattr(document, part):
            yield "self_reference", (part,), _("政策不能引用自己"), _("请删去。")


def limits_say_something(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """Two limits on the same time contradict each other; one that a longer time never lets be reached is a slip."""
    for index, limit in enumerate(document.limits):
        path: Path = ("limits", index)
        others = [one for one in document.limits if one.scope == limit.scope and one is not limit]
        if any(one.scope == limit.scope and one.per == limit.per for one in document.limits[:index]):
            reason = _("同一时段（%(per)s）的次数限制写了两次", per=limit.per)
            yield "duplicate_limit", path, reason, _("请只保留一条。")
        elif any(_is_longer(one, limit) and one.times <= limit.times for one in others):
            reason = _(
                "每 %(per)s %(times)d 次永远达不到：更长时段的次数不比它多", per=limit.per, times=limit.times
            )
            yield "idle_limit", (*path, "times"), reason, _("请更正次数，或删去这一条。")


def caps_bound_money(document: PolicyDocument, _catalogue: Catalogue) -> Iterator[Finding]:
    """A cap in money is for what pays money, in a household only where there is one, each stated once."""
    for index, cap in enumerate(document.yearly_caps):
        path: Path = ("yearly_caps", index)
        if document.benefit is None:
            yield "cap_without_money", path, _("不发钱的政策没有年度金额上限"), _("请删去 yearly_caps。")
        if cap.scope == "household" and document.audience == "firm":
            yield "cap_scope", (*path, "scope"), _("企业没有家庭"), _("请写 unit 或 subject。")
        if document.id in cap.together_with:
            yield "self_reference", (*path, "together_with"), _("政策不能引用自己"), _("请删去。")
        same = [(one.scope, frozenset(one.together_with)) for one in document.yearly_caps[:index]]
        if (cap.scope, frozenset(cap.together_with)) in same:
            yield "duplicate_cap", path, _("同一范围的年度金额上限写了两次"), _("请只保留一条。")


def _is_longer(one: Limit, other: Limit) -> bool:
    return _LENGTHS.index(one.per) > _LENGTHS.index(other.per)


FORM_RULES: tuple[Rule, ...] = (
    benefit_or_status,
    *TABLE_RULES,
    audience_and_each,
    place_and_time,
    unique_ids,
    figure_sources,
    stages_lead_to_a_decision,
    notices_keep_silent,
    joint_stages_can_agree,
    amounts_that_add_hands,
    status_names,
    impact_assessment,
    no_self_reference,
    limits_say_something,
    caps_bound_money,
)
