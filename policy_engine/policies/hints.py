"""What an author is asked for and may leave out: names in English. Without them a reader of English is told the Chinese."""

from collections.abc import Iterator

from kernel.i18n import gettext as _
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.problems import Finding, Problem, path_text
from policy_engine.policies.source import SourceText


def hints_for(document: PolicyDocument, *, source: SourceText | None = None) -> list[Problem]:
    """Nothing in these keeps a document from publication; with its ``source`` each names the line it is about."""
    return [
        Problem(code, path_text(path), source.line_of(path) if source else 0, reason, mend)
        for code, path, reason, mend in _without_english(document)
    ]


def _without_english(document: PolicyDocument) -> Iterator[Finding]:
    mend = _("请补上 %(field)s；没有英文名称的，读英文的人看到中文。", field="title_en")
    if not document.title_en.strip():
        yield "no_english", ("title",), _("政策没有英文名称"), mend
    if not document.department_en.strip():
        department = _("请补上 %(field)s；没有英文名称的，读英文的人看到中文。", field="department_en")
        yield "no_english", ("department",), _("部门没有英文名称"), department
    for place, stage in enumerate(document.stages):
        if not stage.title_en.strip():
            yield "no_english", ("stages", place, "title"), _("办理环节没有英文名称"), mend
