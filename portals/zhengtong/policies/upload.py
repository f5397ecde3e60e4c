"""Taking in a policy document with its cases; what is wrong is shown with its line, its reason and how to mend it."""

import uuid
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromQuery, MultipartBody, URLEncodedBody
from litestar.response import Redirect

from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import gettext as _
from policy_engine.policies.problems import DocumentRefused
from portals.zhengtong import forms
from portals.zhengtong.access import needs
from portals.zhengtong.policies import acts
from portals.zhengtong.policies.schemas import ProblemLine
from portals.zhengtong.visit import Visit, Visiting

MAY_WRITE = needs("policy.author")
Upload = MultipartBody[dict[str, Any]]


@get("/policies/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_WRITE])
def new_policy(visit: Visiting, source: FromQuery[str] = "") -> Response[str]:
    """The form: two files, or two texts; ``source`` (a version) fills it in."""
    text, cases_text = acts.texts_of(visit.services, forms.identified(source)) if source else ("", "")
    return _form(visit, text, cases_text)


@post("/policies/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_WRITE])
def upload(visit: Visiting, data: Upload) -> Response[str] | Redirect:
    """A draft, or every problem with its line."""
    text, cases_text = (
        _typed(data, "document"),
        _typed(data, "cases"),
    )  # whatever is wrong, nothing typed is lost
    try:
        text, cases_text = _text(data, "document"), _text(data, "cases")
        version_id: uuid.UUID = acts.take_in(visit.services, visit.principal, text, cases_text)
    except DocumentRefused as refused:
        problems = acts.problems_of(refused, text, cases_text)
        return _form(visit, text, cases_text, problems=problems, status=400)
    except (InvalidInput, Conflict) as problem:
        errors = problem.at("document")
        return _form(visit, text, cases_text, errors=errors, status=problem.status)
    return Redirect(f"/zhengtong/policies/{version_id}?done=draft", status_code=303)


@post("/policies/check", status_code=200, sync_to_thread=True, include_in_schema=False, guards=[MAY_WRITE])
def check(visit: Visiting, data: URLEncodedBody[dict[str, str]]) -> Response[str]:
    """What is wrong as one types, for the editor: a part of its page."""
    texts = (data.get(name, "").replace("\r\n", "\n") for name in ("document", "cases"))
    return visit.page("zhengtong/policies/_checked.html", checked=acts.checked(visit.services, *texts))


def _text(data: dict[str, Any], name: str) -> str:
    """The file when one was chosen, else what was typed. Raises ``InvalidInput`` when neither is there."""
    file = data.get(f"{name}_file")
    if isinstance(file, UploadFile) and file.filename:
        try:
            return file.file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            what = _("文件不是 UTF-8 编码，请另存为 UTF-8 后再上传。")
            raise InvalidInput(what, errors=[FieldError(f"{name}_file", what)]) from None
    typed = _typed(data, name)
    if typed.strip():
        return typed
    what = {
        "document": _("请选择政策文件，或把政策内容粘贴进来。"),
        "cases": _("请选择用例文件，或把用例粘贴进来；政策要带用例才能存为草稿。"),
    }[name]
    raise InvalidInput(what, errors=[FieldError(name, what)])


def _typed(data: dict[str, Any], name: str) -> str:
    typed = data.get(name, "")
    return typed.replace("\r\n", "\n") if isinstance(typed, str) else ""


def _form(
    visit: Visit,
    text: str,
    cases_text: str,
    *,
    problems: list[ProblemLine] | None = None,
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Response[str]:
    return visit.page(
        "zhengtong/policies/new.html",
        status=status,
        text=text,
        cases_text=cases_text,
        problems=problems or [],
        errors=errors,
    )


HANDLERS = [new_policy, upload, check]
