"""Evidence of decisions and payments: where each stands in the transparency log, and the file that anyone can check."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from kernel.i18n import gettext as _
from kernel.transparency.heads import claimed
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses.log.evidence import EvidenceFile
from policy_engine.delivery import views
from policy_engine.delivery.cases.schemas import PolicyHead
from policy_engine.delivery.views import PaymentTrail
from policy_engine.delivery.views.parts import head_of
from policy_engine.delivery.views.records import OUTCOMES
from portals.services import Services

Me = NamedDependency[Principal]
_LAYOUTS = {"tong": "kernel/phone.html", "rongtong": "kernel/desk.html", "zhengtong": "kernel/office.html"}


def evidence_download(evidence: EvidenceFile) -> Response[bytes]:
    """The file that ``dongchu log verify FILE`` checks."""
    data = msgspec.json.format(msgspec.json.encode(evidence), indent=1)
    disposition = f"attachment; filename=evidence-{evidence.id}.json"
    headers = {"Cache-Control": "no-store", "Content-Disposition": disposition}
    return Response(data, media_type="application/json", headers=headers)


def evidence_page(
    request: WebRequest,
    pages: Pages,
    portal: str,
    evidence: EvidenceFile,
    said: Sequence[tuple[str, object]],
    origin: tuple[str, str],
    tab: str = "services",
) -> Response[str]:
    """``said``: what the record says, in words; ``origin``: the path to where the reader came from, and its name."""
    return pages.page(
        request,
        "shared/record.html",
        layout=_LAYOUTS[portal],
        evidence=evidence,
        said=said,
        head=claimed(evidence.head.jws),
        origin=origin,
        tab=tab,
        address=f"{request.url.path}/file",
    )


class Evidences:
    """What a reader may see of the log about decisions and payments."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def decision(self, principal: Principal, record_id: uuid.UUID) -> EvidenceFile:
        with self._services.house.database.read() as session:
            return views.decision_evidence(session, self._services.ports, record_id, principal, now=self._now)

    def trail(self, principal: Principal, payment_id: uuid.UUID) -> PaymentTrail:
        with self._services.house.database.read() as session:
            return views.payment_trail(session, self._services.ports, payment_id, principal, now=self._now)

    def movement(
        self, principal: Principal, payment_id: uuid.UUID, movement_id: uuid.UUID
    ) -> tuple[EvidenceFile, PaymentTrail]:
        with self._services.house.database.read() as session:
            asked = (session, self._services.ports, payment_id)
            found = views.movement_evidence(*asked, movement_id, principal, now=self._now)
            return found, views.payment_trail(*asked, principal, now=self._now)

    def policy_of(self, evidence: EvidenceFile) -> PolicyHead:
        version = evidence.content["version"]
        with self._services.house.database.read() as session:
            return head_of(
                self._services.ports.terms(
                    session,
                    str(evidence.content["policy"]),
                    version if isinstance(version, int) else None,
                )
            )

    @property
    def _now(self) -> datetime:
        return self._services.house.clock.now()


def pages_of(services: Services, portal: str) -> list[ControllerRouterHandler]:
    """``/records/…/evidence`` of a decision, ``/payments/…/movements`` of a payment."""
    found = Evidences(services)

    @get("/records/{record_id:uuid}/evidence", sync_to_thread=True, include_in_schema=False)
    def decision_page(
        request: WebRequest, record_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        evidence = found.decision(principal, record_id)
        said = evidence.content
        claim = f"/{portal}/claims/{said['claim']}" if said["claim"] else f"/{portal}/claims"
        rows = [(_("决定"), _(OUTCOMES[str(said["outcome"])])), (_("事项"), found.policy_of(evidence).title)]
        return evidence_page(request, pages, portal, evidence, rows, (claim, _("办件")))

    @get("/records/{record_id:uuid}/evidence/file", sync_to_thread=True, include_in_schema=False)
    def decision_file(record_id: FromPath[uuid.UUID], principal: Me) -> Response[bytes]:
        return evidence_download(found.decision(principal, record_id))

    @get("/payments/{payment_id:uuid}/movements", sync_to_thread=True, include_in_schema=False)
    def payment_page(
        request: WebRequest, payment_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        trail = found.trail(principal, payment_id)
        path = f"/{portal}"
        return pages.page(
            request, "shared/payment.html", layout=_LAYOUTS[portal], portal_path=path, trail=trail
        )

    @get(
        "/payments/{payment_id:uuid}/movements/{movement_id:uuid}",
        sync_to_thread=True,
        include_in_schema=False,
    )
    def movement_page(
        request: WebRequest,
        payment_id: FromPath[uuid.UUID],
        movement_id: FromPath[uuid.UUID],
        principal: Me,
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        evidence, trail = found.movement(principal, payment_id, movement_id)
        rows = _rows_of(evidence, trail, movement_id)
        origin = (f"/{portal}/payments/{payment_id}/movements", _("资金经过"))
        return evidence_page(request, pages, portal, evidence, rows, origin)

    @get(
        "/payments/{payment_id:uuid}/movements/{movement_id:uuid}/file",
        sync_to_thread=True,
        include_in_schema=False,
    )
    def movement_file(
        payment_id: FromPath[uuid.UUID], movement_id: FromPath[uuid.UUID], principal: Me
    ) -> Response[bytes]:
        return evidence_download(found.movement(principal, payment_id, movement_id)[0])

    return [decision_page, decision_file, payment_page, movement_page, movement_file]


def api_of(services: Services, scope: str, prefix: str = "/api/v1") -> list[ControllerRouterHandler]:
    """The same for programs."""
    found = Evidences(services)
    guards = [require(scope=scope)]

    @get(
        f"{prefix}/decision-records/{{record_id:uuid}}/evidence",
        guards=guards,
        sync_to_thread=True,
        summary="What shows that a decision is in the transparency log",
    )
    def read_decision_evidence(record_id: FromPath[uuid.UUID], principal: Me) -> EvidenceFile:
        return found.decision(principal, record_id)

    @get(
        f"{prefix}/payments/{{payment_id:uuid}}/movements",
        guards=guards,
        sync_to_thread=True,
        summary="What moved for a payment",
    )
    def list_movements(payment_id: FromPath[uuid.UUID], principal: Me) -> PaymentTrail:
        return found.trail(principal, payment_id)

    @get(
        f"{prefix}/payments/{{payment_id:uuid}}/movements/{{movement_id:uuid}}/evidence",
        guards=guards,
        sync_to_thread=True,
        summary="What shows that a movement of money is in the transparency log",
    )
    def read_movement_evidence(
        payment_id: FromPath[uuid.UUID], movement_id: FromPath[uuid.UUID], principal: Me
    ) -> EvidenceFile:
        return found.movement(principal, payment_id, movement_id)[0]

    return [read_decision_evidence, list_movements, read_movement_evidence]


def _rows_of(evidence: EvidenceFile, trail: PaymentTrail, movement_id: uuid.UUID) -> list[tuple[str, object]]:
    (moved,) = [one for one in trail.movements if one.id == movement_id]
    rows: list[tuple[str, object]] = [
        (_("资金变动"), moved.label),
        (_("事项"), trail.payment.policy.title),
        (_("所属期"), trail.payment.period),
    ]
    said = evidence.content
    if said.get("payee_account"):
        rows.append((_("收款账户"), f"{said['payee_bank']} {said['payee_account']}"))
    return rows
