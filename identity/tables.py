"""Every table of identity, imported in one place for migrations and scratch stores."""

from identity.accounts.models import Account, LoginEvent, TotpFactor
from identity.clients.models import OAuthClient
from identity.contacts.models import ContactAddress
from identity.delegation.models import Assignment, Mandate, Membership, Proxy, SeatAuthorisation
from identity.grants.models import OAuthGrant
from identity.locking.models import AccountLock
from identity.oauth.models import (
    AuthorizationCode,
    Consent,
    DeviceAuthorization,
    PushedRequest,
    RefreshToken,
    RegistrationTicket,
    SigningKey,
)
from identity.passkeys.models import Passkey
from identity.proofing.models import InPersonProof
from identity.recovery.models import RecoveryRequest
from identity.registry.models import Contact, FurtherIdentifier, Relationship, Subject
from identity.seats.models import Department, Division, Seat, SeatHolding
from identity.sessions.models import IdentitySession
from identity.upstream.models import UpstreamLink
from kernel.web.sessions import WebSession

TABLES = (
    Account,
    AccountLock,
    Assignment,
    AuthorizationCode,
    Consent,
    Contact,
    ContactAddress,
    Department,
    DeviceAuthorization,
    Division,
    FurtherIdentifier,
    IdentitySession,
    InPersonProof,
    LoginEvent,
    Mandate,
    Membership,
    OAuthClient,
    OAuthGrant,
    Passkey,
    Proxy,
    PushedRequest,
    RecoveryRequest,
    RefreshToken,
    RegistrationTicket,
    Relationship,
    Seat,
    SeatAuthorisation,
    SeatHolding,
    SigningKey,
    Subject,
    TotpFactor,
    UpstreamLink,
    WebSession,
)
