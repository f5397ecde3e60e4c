"""What became of a licence: what it says, what was done to it, who used it, and evidence of each that anyone can check."""

import uuid
from collections.abc import Callable

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.transparency.heads import claimed
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses import wallet
from licenses.log.evidence import EvidenceFile
from licenses.schemas import ActView, LicenceView, UseView
from licenses.states import OPERATION_LABELS, Operation


def handlers(
    house: House, portal: str, holders: Callable[[Session, Principal], frozenset[int]]
) -> list[ControllerRouterHandler]:
    """``/wallet/…/records`` and ``/api/v1/licences/…``, for the licences of whom ``holders`` says."""
    guards = [require(scope="licences")]
    api_guards = [require(scope=portal), *guards]

    def evidence(principal: Principal, licence_id: uuid.UUID, record_id: uuid.UUID) -> EvidenceFile:
        with house.database.read() as session:
            return wallet.evidence_for(session, holders(session, principal), licence_id, record_id)

    @get(
        "/wallet/{licence_id:uuid}/records/{record_id:uuid}",
        guards=guards,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def record_page(
        request: WebRequest,
        licence_id: FromPath[uuid.UUID],
        record_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
        pages: NamedDependency[Pages],
    ) -> Response[str]:
        """Where a record stands in the log, and the file that shows it."""
        found = evidence(principal, licence_id, record_id)
        return pages.page(
            request,
            "shared/record.html",
            evidence=found,
            label=_label(found),
            head=claimed(found.head.jws),
            licence_path=f"/{portal}/wallet/{licence_id}",
            address=f"{request.url.path}/evidence",
        )

    @get(
        "/wallet/{licence_id:uuid}/records/{record_id:uuid}/evidence",
        guards=guards,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def evidence_download(
        licence_id: FromPath[uuid.UUID],
        record_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
    ) -> Response[bytes]:
        data = msgspec.json.format(msgspec.json.encode(evidence(principal, licence_id, record_id)), indent=1)
        disposition = f"attachment; filename=evidence-{record_id}.json"
        headers = {"Cache-Control": "no-store", "Content-Disposition": disposition}
        return Response(data, media_type="application/json", headers=headers)

    @get("/api/v1/licences/{licence_id:uuid}", guards=api_guards, sync_to_thread=True, summary="One licence")
    def read_licence(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> LicenceView:
        with house.database.read() as session:
            return wallet.licence_of(session, house, holders(session, principal), licence_id)

    @get(
        "/api/v1/licences/{licence_id:uuid}/uses",
        guards=api_guards,
        sync_to_thread=True,
        summary="Who used a licence, for what",
    )
    def list_uses(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> list[UseView]:
        with house.database.read() as session:
            return wallet.uses_of(session, holders(session, principal), licence_id)

    @get(
        "/api/v1/licences/{licence_id:uuid}/acts",
        guards=api_guards,
        sync_to_thread=True,
        summary="What was done to a licence",
    )
    def list_acts(licence_id: FromPath[uuid.UUID], principal: NamedDependency[Principal]) -> list[ActView]:
        with house.database.read() as session:
            return wallet.acts_on(session, holders(session, principal), licence_id)

    @get(
        "/api/v1/licences/{licence_id:uuid}/records/{record_id:uuid}/evidence",
        guards=api_guards,
        sync_to_thread=True,
        summary="What shows that a use or an act is in the transparency log",
    )
    def read_evidence(
        licence_id: FromPath[uuid.UUID],
        record_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
    ) -> EvidenceFile:
        return evidence(principal, licence_id, record_id)

    return [record_page, evidence_download, read_licence, list_uses, list_acts, read_evidence]


def _label(evidence: EvidenceFile) -> str:
    operation = evidence.content.get("operation")
    return OPERATION_LABELS[Operation(operation)] if isinstance(operation, str) else ""
