"""What a simulated bank does with each application and loan: one step at a time, by the state the city shows it."""

import hashlib
import logging
from datetime import date
from io import BytesIO
from typing import Annotated, Any, Literal

import msgspec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from connectors.lenders.client import FinancingApi
from kernel.clock import Clock
from kernel.errors import OutsideFailure, OutsideRefused

log = logging.getLogger(__name__)

MANAGER, APPROVER = "E1001", "E2001"
Mode = Literal["off", "lend", "decline", "slow", "default"]


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``lend`` does everything at once; ``decline`` refuses; ``slow`` never accepts, and answers news later than
    anybody waits; ``default`` lends, and its
    borrowers do not pay: it reports them overdue."""

    mode: Mode = "off"
    rate_bp: Annotated[int, msgspec.Meta(ge=1, le=2400)] = 365
    reason_code: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{2,40}\Z")] = "industry"
    needs_guarantee: bool = False


class Officer:
    """A simulated bank at its desk."""

    def __init__(self, api: FinancingApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def work(self, behaviour: Behaviour) -> int:
        """Whatever can be done now; how many steps that were."""
        if behaviour.mode in ("off", "slow"):
            return 0
        steps = 0
        for row in self._api.get("/applications"):
            steps += self._tried(self._application, row, behaviour)
        for row in self._api.get("/loans"):
            steps += self._tried(self._loan, row, behaviour)
        return steps

    def _tried(self, act: Any, row: dict[str, Any], behaviour: Behaviour) -> int:
        """One that is refused must not keep the others waiting."""
        try:
            return int(act(row, behaviour))
        except OutsideRefused as refused:
            log.info("a simulated bank was refused: %s %s", refused.code, refused.detail)
        except OutsideFailure as failure:
            log.info("a simulated bank got no answer: %s", failure.slug)
        return 0

    def _application(self, row: dict[str, Any], behaviour: Behaviour) -> bool:
        place, state = f"/applications/{row['id']}", row["state"]
        if behaviour.mode == "decline" and state in ("routed", "accepted", "contacted", "due_diligence"):
            self._do(
                row, "decline", {"reason_code": behaviour.reason_code, "note": "模拟银行按设定不予批准。"}
            )
            return True
        match state:
            case "routed":
                self._do(row, "steps/accept", {})
            case "accepted":
                self._do(row, "steps/contact", {"note": "已电话联系企业，核对用途和还款来源。"})
            case "contacted":
                self._do(row, "steps/begin_due_diligence", {})
            case "due_diligence":
                self._read(row)
                self._do(row, "notes", {"kind": "opinion", "text": "经营正常，同意上报。"})
                self._do(row, "approve", {"note": "同意。"}, officer=APPROVER)
            case "approved":
                self._offer(place, row, behaviour)
            case "offer_accepted" if not behaviour.needs_guarantee:
                self._contract(place, row)
            case "guarantee_issued":
                self._contract(place, row)
            case "contracted":
                today = self._clock.today().isoformat()
                self._do(row, "disbursement", {"paid_on": today, "reference": _number("FK", row["id"])})
            case _:
                return False
        return True

    def _do(self, row: dict[str, Any], act: str, content: dict[str, Any], *, officer: str = MANAGER) -> None:
        key = f"{row['id']}-{act.replace('/', '-')}"
        self._api.post(f"/applications/{row['id']}/{act}", content, officer=officer, key=key)

    def _read(self, row: dict[str, Any]) -> None:
        """What the firm has authorised; each reading is one of its own."""
        moment = self._clock.now().isoformat()
        try:
            self._api.post(f"/applications/{row['id']}/file", {}, officer=MANAGER, key=_number("R", moment))
        except OutsideRefused as refused:
            log.info("the simulated bank may read nothing: %s", refused.code)

    def _offer(self, place: str, row: dict[str, Any], behaviour: Behaviour) -> None:
        asked = int(row["amount_fen"])
        limit = row["limit_fen"]
        content = {
            "amount_fen": min(asked, int(limit)) if limit else asked,
            "rate_bp": behaviour.rate_bp,
            "term_months": row["term_months"],
            "method": "equal_instalments",
            "charges": [{"name": "押品登记费", "payer": "bank", "receiver": "agency", "amount_fen": 8_000}],
            "conditions": "按月付息，用途与申请一致。",
            "needs_guarantee": behaviour.needs_guarantee,
            "valid_days": 15,
        }
        self._api.post(f"{place}/offers", content, officer=MANAGER, key=f"{row['id']}-offer-1")

    def _contract(self, place: str, row: dict[str, Any]) -> None:
        number = _number("HT", row["id"])
        document = self._api.upload(
            f"{place}/documents?name=contract.pdf",
            contract_pdf(number),
            officer=MANAGER,
            key=f"{row['id']}-document",
        )
        content = {
            "number": number,
            "signed_on": self._clock.today().isoformat(),
            "document_id": document["id"],
        }
        self._api.post(f"{place}/contract", content, officer=MANAGER, key=f"{row['id']}-contract")

    def _loan(self, row: dict[str, Any], behaviour: Behaviour) -> bool:
        due = row["next_due_on"]
        today = self._clock.today()
        if due is None or row["state"] not in ("disbursed", "active", "extended", "overdue"):
            return False
        if behaviour.mode == "default":
            if date.fromisoformat(due) >= today or row["state"] == "overdue":
                return False
            since = date.fromordinal(date.fromisoformat(due).toordinal() + 1).isoformat()
            self._api.post(
                f"/loans/{row['id']}/overdue",
                {"since": since},
                officer=MANAGER,
                key=f"{row['id']}-overdue-{since}",
            )
            return True
        if date.fromisoformat(due) > today:
            return False
        self._collect(row)
        return True

    def _collect(self, row: dict[str, Any]) -> None:
        """The instalment that was due, as the bank booked it on its day."""
        loan = self._api.get(f"/loans/{row['id']}")
        one = next(one for one in loan["schedule"] if one["due_on"] == row["next_due_on"])
        reference = _number("HK", f"{row['id']}-{one['number']}-{one['due_on']}")
        content = {
            "on_day": one["due_on"],
            "reference": reference,
            "principal_fen": one["principal_fen"],
            "interest_fen": one["interest_fen"],
        }
        self._api.post(f"/loans/{row['id']}/repayments", content, officer=MANAGER, key=reference)


def contract_pdf(number: str) -> bytes:
    """A contract of one page that says its number."""
    writer = PdfFileWriter()
    text = f"BT /F1 12 Tf 72 760 Td (Simulated loan contract {number}) Tj ET".encode("ascii")
    content = writer.add_object(generic.StreamObject(stream_data=text))
    font = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Font"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/Type1"),
            generic.pdf_name("/BaseFont"): generic.pdf_name("/Helvetica"),
        }
    )
    fonts = generic.DictionaryObject({generic.pdf_name("/F1"): writer.add_object(font)})
    resources = generic.DictionaryObject({generic.pdf_name("/Font"): fonts})
    box = generic.ArrayObject([generic.NumberObject(one) for one in (0, 0, 595, 842)])
    writer.insert_page(PageObject(contents=content, media_box=box, resources=resources))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _number(prefix: str, text: str) -> str:
    """The bank's own number for something: always the same for the same thing."""
    return f"{prefix}{hashlib.sha256(text.encode()).hexdigest()[:16].upper()}"
