"""Every table of identity, imported in one place for migrations and scratch stores."""

from identity.accounts.models import Account, LoginEvent, TotpFactor
from identity.clients.models import OAuthClient
from identity.delegation.models import Membership, Proxy
from identity.grants.models import OAuthGrant
from identity.oauth.models import (
    AuthorizationCode,
    Consent,
    DeviceAuthorization,
    PushedRequest,
    RefreshToken,
    RegistrationTicket,
    SigningKey,
)
from identity.registry.models import Relationship, Subject
from identity.seats.models import Department, Division, Seat, SeatHolding
from identity.sessions.models import IdentitySession
from kernel.web.sessions import WebSession

TABLES = (
    Account,
    AuthorizationCode,
    Consent,
    Department,
    DeviceAuthorization,
    Division,
    IdentitySession,
    LoginEvent,
    Membership,
    OAuthClient,
    OAuthGrant,
    Proxy,
    PushedRequest,
    RefreshToken,
    RegistrationTicket,
    Relationship,
    Seat,
    SeatHolding,
    SigningKey,
    Subject,
    TotpFactor,
    WebSession,
)
