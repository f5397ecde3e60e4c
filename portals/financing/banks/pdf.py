"""Is it a PDF, and one that can do nothing but be read? Parsed for real, with the library that signs our own documents."""

from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from kernel.errors import FieldError, InvalidInput, TooLarge
from kernel.i18n import N_
from kernel.i18n import gettext as _

MOST_BYTES = 20 * 1024 * 1024
MOST_PAGES = 500
_DEEPEST = 40
_MEND = N_("请上传由银行系统导出或扫描生成的PDF文件，不加密、不带附件和脚本。")


def check_pdf(content: bytes, where: str = "file") -> int:
    """How many pages. Raises ``TooLarge``, or ``InvalidInput`` that says what is wrong with it."""
    if len(content) > MOST_BYTES:
        raise TooLarge(
            _("文件超过20 MB。"),
            errors=[FieldError(where, _("文件超过20 MB。"), _("请压缩扫描件后再上传。"))],
        )
    if not content.startswith(b"%PDF-"):
        raise _refused(where, _("这不是PDF文件。"))
    try:
        reader = PdfFileReader(BytesIO(content), strict=False)
        if reader.encrypted:
            raise _refused(where, _("PDF文件加了密，无法查看。"))
        root = reader.root
        pages = _count_pages(_resolved(root["/Pages"]), 0)
        is_active = _is_active(root)
    except InvalidInput:
        raise
    except (
        PdfError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
    ):
        raise _refused(where, _("这个PDF文件已损坏，无法读取。")) from None
    if not 0 < pages <= MOST_PAGES:
        raise _refused(where, _("PDF文件应有1到500页。"))
    if is_active:
        raise _refused(where, _("PDF文件里有脚本或附件。"))
    return pages


def _count_pages(node: Any, depth: int) -> int:
    """Every page is really there and really a page; the number written in the tree counts for nothing."""
    if depth > _DEEPEST or not isinstance(node, generic.DictionaryObject):
        raise ValueError("the tree of pages is not one")
    if node.get("/Type") == "/Page":
        return 1
    if node.get("/Type") != "/Pages":
        raise ValueError("the tree of pages holds something else")
    count = 0
    for kid in node["/Kids"]:
        count += _count_pages(_resolved(kid), depth + 1)
        if count > MOST_PAGES:
            break
    return count


def _is_active(root: generic.DictionaryObject) -> bool:
    """Scripts, actions on opening that are more than a view, and files inside (ISO 32000 §7.7.2, §12.6)."""
    names = _resolved(root.get("/Names"))
    if isinstance(names, generic.DictionaryObject) and {"/JavaScript", "/EmbeddedFiles"} & names.keys():
        return True
    opening = _resolved(root.get("/OpenAction"))
    does_something = isinstance(opening, generic.DictionaryObject) and opening.get("/S") not in (
        None,
        "/GoTo",
    )
    return does_something or "/AA" in root


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, generic.IndirectObject) else value


def _refused(where: str, what: str) -> InvalidInput:
    return InvalidInput(what, errors=[FieldError(where, what, _(_MEND))])
