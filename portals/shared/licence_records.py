"""What became of a licence: what it says, what was done to it, who used it, and evidence of each that anyone can check."""

import uuid
from collections.abc import Callable

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from licenses import wallet
from licenses.log.evidence import EvidenceFile
from licenses.log.sources import USE
from licenses.schemas import ActView, LicenceView, UseView
from licenses.states import OPERATION_LABELS, Operation
from portals.shared.evidence import evidence_download, evidence_page


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
        origin = (f"/{portal}/wallet/{licence_id}", _("证照"))
        return evidence_page(request, pages, portal, found, _said(found), origin, "wallet")

    @get(
        "/wallet/{licence_id:uuid}/records/{record_id:uuid}/file",
        guards=guards,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def record_file(
        licence_id: FromPath[uuid.UUID],
        record_id: FromPath[uuid.UUID],
        principal: NamedDependency[Principal],
    ) -> Response[bytes]:
        return evidence_download(evidence(principal, licence_id, record_id))

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

    return [record_page, record_file, read_licence, list_uses, list_acts, read_evidence]


def _said(evidence: EvidenceFile) -> list[tuple[str, object]]:
    said = evidence.content
    if evidence.kind == USE:
        return [(_("使用方"), said["verifier"]), (_("用途"), said["purpose"])]
    operation = _(OPERATION_LABELS[Operation(str(said["operation"]))])
    return [(_("办理"), operation), (_("证照标识"), said["identifier"])]
