"""What is wrong with a policy document, told so that its author can mend it: where, why, and what to do."""

from collections.abc import Iterable

import msgspec

from kernel.errors import FieldError, InvalidInput

Path = tuple[str | int, ...]


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
        errors = [
            FieldError(f"第 {one.line} 行 {one.where}" if one.line else one.where, one.reason, one.mend)
            for one in self.problems
        ]
        super().__init__(f"政策文件有 {len(errors)} 处需要修改，请按提示改好后再上传。", errors=errors)


def path_text(path: Path) -> str:
    """A path as an author reads it: ``eligibility[2].condition``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text or "（全文）"
