"""From the text of a product to a checked document and its cases; every slip is told with its line, as for policies."""

from collections.abc import Iterator

import msgspec

from kernel.i18n import gettext as _
from policy_engine.catalogue import Standing, catalogue
from policy_engine.catalogue.parameters import STANDINGS
from policy_engine.policies.cases import Case, CaseOutcome, load_cases, run_cases
from policy_engine.policies.checking import check_document
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.loading import shaped
from policy_engine.policies.problems import DocumentRefused, Path, Problem, path_text
from policy_engine.policies.published import PublishedSet
from policy_engine.policies.source import SourceText, read_source
from portals.financing.institutions import institutions
from portals.financing.products.document import ProductDocument, as_policy


class LoadedProduct(msgspec.Struct, frozen=True):
    document: ProductDocument
    source: SourceText


def load_product(text: str | bytes) -> LoadedProduct:
    """The product in ``text``. Raises ``DocumentRefused`` with line, reason and mend."""
    source = read_source(text)
    return LoadedProduct(shaped(source, ProductDocument), source)


def check_product(loaded: LoadedProduct, published: PublishedSet) -> list[Problem]:
    """Everything that keeps a product from publication; ``published`` gives the statuses that it may name."""
    document, source = loaded.document, loaded.source
    problems = list(_ranges(document, source))
    if any(one.code == "institution" for one in problems):
        return problems
    found = check_document(as_policy(document), catalogue(), published)
    if document.rate.formula is not None:
        found += [
            one
            for one in check_document(
                as_policy(document, formula=document.rate.formula), catalogue(), published
            )
            if one.where == "benefit.formula"
        ]
    problems += list(_foundations(document, published, source))
    return problems + [
        _in_place(one, source, len(document.eligibility))
        for one in found
        if not _is_of_policies(one, document)
    ]


def cases_of(text: str | bytes, document: ProductDocument, published: PublishedSet) -> tuple[Case, ...]:
    """The product's cases, whose amount is the limit. Raises ``DocumentRefused``."""
    return load_cases(text, as_policy(document), published.statuses)


def outcomes_of(
    document: ProductDocument, cases: tuple[Case, ...], published: PublishedSet
) -> list[CaseOutcome]:
    """Every case judged by the reference."""
    return run_cases(as_policy(document), cases, published.statuses)


def standing_of(document: ProductDocument) -> Standing:
    """As good as the worst of its figures."""
    found: list[Standing] = [one.standing for one in document.sources.values()]
    return max(found, key=STANDINGS.index, default="unverified")


def _ranges(document: ProductDocument, source: SourceText) -> list[Problem]:
    problems: list[Problem] = []

    def refuse(code: str, path: Path, reason: str, mend: str) -> None:
        problems.append(Problem(code, path_text(path), source.line_of(path), reason, mend))

    if document.institution not in institutions():
        refuse(
            "institution",
            ("institution",),
            _("没有代码为 %(code)s 的机构", code=document.institution),
            _("请填写已登记机构的代码。"),
        )
    if document.amount.least_yuan > document.amount.most_yuan:
        refuse("range", ("amount",), _("最低金额高于最高金额"), _("请更正。"))
    if document.term.least_months > document.term.most_months:
        refuse("range", ("term",), _("最短期限长于最长期限"), _("请更正。"))
    if document.rate.low_bp > document.rate.high_bp:
        refuse("range", ("rate",), _("最低利率高于最高利率"), _("请更正。"))
    for index, fee in enumerate(document.fees):
        if (fee.amount_yuan is None) == (fee.rate_bp is None):
            refuse("fee", ("fees", index), _("每项费用写金额或费率，只写一项"), _("请保留其中一项。"))
        if fee.payer == fee.receiver:
            refuse("fee", ("fees", index), _("付款方和收款方不能是同一方"), _("请写明谁付、付给谁。"))
    named = {document.limit_source, document.rate.source, *(one.source for one in document.support)}
    for key in sorted(named - document.sources.keys()):
        refuse(
            "unknown_source", ("sources",), _("sources 中没有 %(source)s", source=key), _("请补上这个来源。")
        )
    return problems


def _foundations(document: ProductDocument, published: PublishedSet, source: SourceText) -> Iterator[Problem]:
    """Only statuses of firms: those of their people are nobody's business at a bank. And none of the people's facts."""
    policy = as_policy(document)
    below = with_statuses_below([policy], published.documents, published.statuses)
    for status in published.statuses:
        if status.policy_id in below and (status.entity != "firm" or status.is_presumed):
            yield _refused(
                source, _("产品不能使用身份“%(name)s”", name=status.name), _("只能使用企业的、非推定的身份。")
            )
    for index, clause in enumerate(document.eligibility):
        if "招用[" in clause.condition or "招用." in clause.condition:
            path: Path = ("eligibility", index, "condition")
            reason = _("产品不能读取员工个人的情况")
            mend = _("可改用参保人数等企业信息，或政策已定义的企业身份。")
            yield Problem("personal_facts", path_text(path), source.line_of(path), reason, mend)


def _refused(source: SourceText, reason: str, mend: str) -> Problem:
    path: Path = ("eligibility",)
    return Problem("status", path_text(path), source.line_of(path), reason, mend)


def _is_of_policies(problem: Problem, document: ProductDocument) -> bool:
    """A source that only the rate or a support names is used, though the policy form does not see it."""
    elsewhere = {document.rate.source, *(one.source for one in document.support)}
    return problem.code == "unused_source" and problem.where.removeprefix("sources.") in elsewhere


def _in_place(problem: Problem, source: SourceText, count: int) -> Problem:
    """Where the author wrote it: clauses are counted without the region's, the formula is the limit."""
    where = problem.where
    if where.startswith("eligibility["):
        number, _sep, rest = where.removeprefix("eligibility[").partition("]")
        index = int(number) - 2
        if index >= count:  # the clause that the limit must reach the least amount
            return msgspec.structs.replace(problem, where="limit", line=source.line_of(("limit",)))
        path: Path = ("eligibility", index, *[one for one in rest.split(".") if one])
        return msgspec.structs.replace(problem, where=path_text(path), line=source.line_of(path))
    if where.startswith("benefit"):
        return msgspec.structs.replace(problem, where="limit", line=source.line_of(("limit",)))
    return problem


__all__ = [
    "DocumentRefused",
    "LoadedProduct",
    "cases_of",
    "check_product",
    "load_product",
    "outcomes_of",
    "standing_of",
]
