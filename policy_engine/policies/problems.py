"""What is wrong with a policy document, told so that its author can mend it: where, why, and what to do."""

from collections.abc import Iterable

import msgspec

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _

Path = tuple[str | int, ...]
#: Code, path, reason, mend: what a rule found, before it is told with its line.
Finding = tuple[str, Path, str, str]


class Problem(msgspec.Struct, frozen=True):
    """``line`` counts from 1 in the uploaded text, 0 where there is no text; ``where`` is the path inside it."""

    code: str
    where: str
    line: int
    reason: str
    mend: str


class DocumentRefused(InvalidInput):
    """The document cannot be taken in as it is; ``problems`` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [FieldError(_where(one), one.reason, one.mend) for one in self.problems]
        detail = _("政策文件有 %(count)d 处需要修改，请按提示改好后再上传。", count=len(errors))
        super().__init__(detail, errors=errors)


def _where(problem: Problem) -> str:
    if not problem.line:
        return problem.where
    return _("第 %(line)d 行 %(where)s", line=problem.line, where=problem.where)


def path_text(path: Path) -> str:
    """A path as an author reads it: ``eligibility[2].condition``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text or _("（全文）")
