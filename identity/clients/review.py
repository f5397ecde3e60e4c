"""Mini-apps and services: a developer or a department asks, an official reviews, and nobody reviews their own.

What may be asked has a ceiling by who asks, and the reviewer may give less. The secret is drawn afterwards by the
applicant, shown once, and changed with an overlap; the reviewer never sees it.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.clients.checking import check
from identity.clients.models import ClientApplication, OAuthClient
from identity.clients.schemas import CLIENT_CREDENTIALS, CODE, REFRESH, AuthMethod, ClientSettings
from identity.clients.service import (
    SECRET_OVERLAP,
    change_secret,
    new_secret,
    register,
    required,
    settings_of,
)
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.web.principal import Principal

#: The most that a developer's mini-app may ask for: never to act from a seat, never in the city's own name, never to
#: say who else may act (``members``).
DEVELOPER_CEILING = frozenset({"openid", "profile", "phone", "tong", "rongtong", "licences", "financing"})
#: A department's service may also speak for itself.
DEPARTMENT_CEILING = DEVELOPER_CEILING | {"service"}
CAPACITIES = frozenset({"self", "person", "enterprise"})


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for; the rest of a client's settings is the city's to say."""

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile")
    capacities: tuple[str, ...] = ("self",)
    is_public: bool = False

    def settings(self, known: ClientSettings | None = None) -> ClientSettings:
        """What it will be; of a ``known`` client all that is not asked about stays as it is."""
        before = known or ClientSettings()
        return msgspec.structs.replace(
            before,
            name=self.name,
            redirect_uris=self.redirect_uris,
            post_logout_redirect_uris=self.post_logout_redirect_uris,
            auth_method=self._proved_by(before.auth_method),
            grant_types=self._asks_by(before.grant_types),
            scopes=self.scopes,
            capacities=self.capacities,
        )

    def _proved_by(self, before: AuthMethod) -> AuthMethod:
        """A client with a key of its own goes on with it."""
        if self.is_public:
            return "none"
        return "client_secret_basic" if before == "none" else before

    def _asks_by(self, before: tuple[str, ...]) -> tuple[str, ...]:
        """Its ways of asking so far, in its own name only with the scope for that."""
        kept = dict.fromkeys((CODE, REFRESH, *before))
        kept.pop(CLIENT_CREDENTIALS, None)
        return (*kept, CLIENT_CREDENTIALS) if "service" in self.scopes else tuple(kept)


def apply_for(session: Session, wanted: Wanted, *, purpose: str, by: Principal, now: datetime) -> uuid.UUID:
    """Ask for a client. A firm's client keeps its firm; another's id reads as taken. Raises ``InvalidInput``."""
    applicant_id = by.acting_for if by.capacity == "enterprise" else None
    if applicant_id is None and by.seat is None:
        raise Forbidden("请先切换到企业或席位身份，再登记应用。")
    _check_ceiling(wanted.scopes, wanted.capacities, DEPARTMENT_CEILING if by.seat else DEVELOPER_CEILING)
    if not 4 <= len(purpose.strip()) <= 500:
        raise _refusal("purpose", N_("请用4至500个字说明用途"))
    check(wanted.client_id, wanted.settings())
    _check_ownership(session, wanted.client_id, applicant_id)
    if _pending(session, wanted.client_id):
        raise Conflict("这个应用已有一份申请在审核中，请等审核完成。")
    application_id = new_id()
    session.add(
        ClientApplication(
            application_id=application_id,
            client_id=wanted.client_id,
            applicant_id=applicant_id,
            seat_id=by.seat.id if by.seat else None,
            submitted_by=by.subject_id,
            settings=msgspec.to_builtins(wanted),
            purpose=purpose.strip(),
            state="submitted",
            submitted_at=now,
        )
    )
    session.flush()
    note(
        session, "client.apply", "client_application", application_id, now=now, by=by, client=wanted.client_id
    )
    return application_id


def approve(
    session: Session,
    application_id: uuid.UUID,
    *,
    scopes: Collection[str],
    by: Principal,
    vault: Vault,
    now: datetime,
) -> None:
    """Register it with these scopes, no more than were asked for. Its secret is not known to anybody until drawn."""
    application = _undecided(session, application_id, by)
    wanted = wanted_of(application)
    if not scopes or not set(wanted.scopes).issuperset(scopes):
        raise _refusal("scopes", N_("批准的范围不能超出申请的范围"))
    _check_ownership(session, application.client_id, application.applicant_id)
    known = session.get(OAuthClient, wanted.client_id)
    given = msgspec.structs.replace(wanted, scopes=tuple(sorted(scopes)))
    settings = given.settings(settings_of(known) if known is not None else None)
    has_secret = known is not None and known.secret_hash is not None
    is_secret_needed = settings.auth_method in ("client_secret_basic", "client_secret_post")
    secret = new_secret() if is_secret_needed and not has_secret else None
    register(session, wanted.client_id, settings, secret=secret, vault=vault, now=now)
    _decide(session, application, "approved", by, "", now)


def refuse(session: Session, application_id: uuid.UUID, *, reason: str, by: Principal, now: datetime) -> None:
    application = _undecided(session, application_id, by)
    if not 4 <= len(reason.strip()) <= 500:
        raise _refusal("reason", N_("请用4至500个字写明理由"))
    _decide(session, application, "refused", by, reason.strip(), now)


def draw_secret(
    session: Session, client_id: str, *, by: Principal, vault: Vault, now: datetime, is_leaked: bool = False
) -> str:
    """A new secret for one's own client, told once; the former works a day longer unless it leaked."""
    owner = owner_of(session, client_id)
    if owner is None or not _owns(owner, by):
        raise NotFound("没有这个应用。")
    overlap = timedelta(0) if is_leaked else SECRET_OVERLAP
    secret = change_secret(session, client_id, vault=vault, now=now, overlap=overlap)
    note(session, "client.draw_secret", "client", client_id, now=now, by=by, leaked=is_leaked)
    return secret


def owner_of(session: Session, client_id: str) -> ClientApplication | None:
    """The latest approved application for a client: whose it is."""
    return session.scalar(
        sa.select(ClientApplication)
        .where(ClientApplication.client_id == client_id, ClientApplication.state == "approved")
        .order_by(ClientApplication.decided_at.desc())
        .limit(1)
    )


def applications(session: Session, *, state: str | None = None) -> Sequence[ClientApplication]:
    """The newest first."""
    query = sa.select(ClientApplication).order_by(ClientApplication.submitted_at.desc()).limit(200)
    return session.scalars(query.where(ClientApplication.state == state) if state else query).all()


def applications_of(session: Session, applicant_id: int) -> Sequence[ClientApplication]:
    return session.scalars(
        sa.select(ClientApplication)
        .where(ClientApplication.applicant_id == applicant_id)
        .order_by(ClientApplication.submitted_at.desc())
    ).all()


def find_application(session: Session, application_id: uuid.UUID) -> ClientApplication:
    found = session.get(ClientApplication, application_id)
    if found is None:
        raise NotFound("没有这份应用登记申请。")
    return found


def with_secret_of(session: Session, by: Principal) -> list[OAuthClient]:
    """The clients whose secrets the seat one sits in draws."""
    asked = sa.select(ClientApplication.client_id).where(
        ClientApplication.state == "approved",
        ClientApplication.seat_id == (by.seat.id if by.seat else None),
    )
    found = session.scalars(
        sa.select(OAuthClient)
        .where(OAuthClient.client_id.in_(asked), OAuthClient.secret_hash.is_not(None))
        .order_by(OAuthClient.client_id)
    ).all()
    owners = {one.client_id: owner_of(session, one.client_id) for one in found}
    return [one for one in found if (owner := owners[one.client_id]) is not None and _owns(owner, by)]


def all_clients(session: Session) -> Sequence[OAuthClient]:
    return session.scalars(sa.select(OAuthClient).order_by(OAuthClient.client_id).limit(500)).all()


def wanted_of(application: ClientApplication) -> Wanted:
    return msgspec.convert(application.settings, Wanted)


def _owns(owner: ClientApplication, by: Principal) -> bool:
    if by.capacity == "enterprise":
        return owner.applicant_id == by.acting_for
    return by.seat is not None and owner.applicant_id is None and owner.seat_id == by.seat.id


def _check_ceiling(scopes: Collection[str], capacities: Collection[str], ceiling: Collection[str]) -> None:
    errors = []
    if over := sorted(set(scopes) - set(ceiling)):
        errors.append(FieldError("scopes", N_("这类应用不能申请这些范围：") + " ".join(over)))
    if not capacities or not CAPACITIES.issuperset(capacities):
        errors.append(FieldError("capacities", N_("请选择应用面向的身份")))
    if errors:
        raise InvalidInput("应用登记的内容有误，请按提示修改。", errors=errors)


def _check_ownership(session: Session, client_id: str, applicant_id: int | None) -> None:
    """A known id belongs to whoever it was approved for; the city's own and those of the shell to nobody else."""
    if session.get(OAuthClient, client_id) is None:
        return
    owner = owner_of(session, client_id)
    if required(session, client_id).is_first_party or owner is None or owner.applicant_id != applicant_id:
        raise _refusal("client_id", N_("这个应用编号已被使用，请换一个"))


def _pending(session: Session, client_id: str) -> bool:
    found = session.scalar(
        sa.select(ClientApplication.application_id).where(
            ClientApplication.client_id == client_id, ClientApplication.state == "submitted"
        )
    )
    return found is not None


def _undecided(session: Session, application_id: uuid.UUID, by: Principal) -> ClientApplication:
    application = session.get(ClientApplication, application_id, with_for_update=True)
    if application is None:
        raise NotFound("没有这份应用登记申请。")
    if application.state != "submitted":
        raise Conflict("这份申请已经审核过了。")
    if application.submitted_by == by.subject_id:
        raise Forbidden("不能审核自己提交的申请。")
    return application


def _decide(
    session: Session, application: ClientApplication, state: str, by: Principal, reason: str, now: datetime
) -> None:
    application.state, application.reason = state, reason or None
    application.decided_by, application.decided_at = by.subject_id, now
    session.flush()
    note(
        session,
        f"client.{'approve' if state == 'approved' else 'refuse'}",
        "client_application",
        application.application_id,
        now=now,
        by=by,
        client=application.client_id,
    )


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput("应用登记的内容有误，请按提示修改。", errors=[FieldError(where, what)])
