"""Every body of the wire, once: what a node publishes, asks and answers.

What came from outside is parsed into these types after it was read through `egress`; they check form, and
the callers check meaning.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from service.values.moments import UtcMoment
from service.values.texts import STORABLE
from service.words import Mode, Network

PROTOCOL_VERSION = "1"
WELL_KNOWN_AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
WELL_KNOWN_PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
CLIENT_DOCUMENT_PATH = "/oauth/client.json"
# Below the issuer that registered it; the rest is the thumbprint of the client's key.
REGISTERED_CLIENT_PATH = "/oauth/clients/"
CALLBACK_PATH = "/oauth/callback"
NOT_AN_ADMIN = "not_an_admin"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Url = Annotated[str, StringConstraints(min_length=8, max_length=2048, pattern=r"^https?://[^\s\\]+$")]
ShortText = Annotated[str, StringConstraints(max_length=255)]
SharedId = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]


class Wire(BaseModel):
    """A message between nodes: unknown members are ignored, known ones are strictly typed."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class InstanceFacts(Wire):
    """What a node claims of the instance behind an issuer."""

    name: ShortText
    platform: Annotated[str, StringConstraints(max_length=40)]
    platform_label: ShortText
    url: Url
    network: Annotated[Network, Field(strict=False)]
    version: ShortText | None = None
    modes: list[str]
    sandbox: bool = False


class AuthorizationServerMetadata(Wire):
    """RFC 8414 metadata of an issuer, with the facts of the instance as `parley_instance`."""

    issuer: Url
    authorization_endpoint: Url
    token_endpoint: Url
    pushed_authorization_request_endpoint: Url
    registration_endpoint: Url | None = None
    jwks_uri: Url
    require_pushed_authorization_requests: bool
    response_types_supported: list[str]
    grant_types_supported: list[str]
    code_challenge_methods_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    authorization_response_iss_parameter_supported: bool
    client_id_metadata_document_supported: bool
    scopes_supported: list[str]
    parley_version: str
    parley_instance: InstanceFacts


class ProtectedResourceMetadata(Wire):
    """RFC 9728 metadata: lets a tracker's own domain point to its node."""

    resource: Url
    authorization_servers: list[Url]


class PublicKey(Wire):
    """An ES256 verification key (RFC 7517, 7518)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Annotated[str, StringConstraints(min_length=43, max_length=43)]
    y: Annotated[str, StringConstraints(min_length=43, max_length=43)]
    kid: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    alg: str | None = None
    use: str | None = None


class KeySet(Wire):
    """A JWK set (RFC 7517, section 5)."""

    keys: Annotated[list[PublicKey], Field(min_length=1, max_length=10)]


class ClientDocument(Wire):
    """A client id metadata document: `client_id` is its own address. Foreign clients leave ours out."""

    client_id: Url
    client_name: ShortText = ""
    client_uri: str | None = None
    redirect_uris: Annotated[list[Url], Field(min_length=1, max_length=10)]
    token_endpoint_auth_method: Literal["private_key_jwt"]
    jwks: KeySet | None = None
    jwks_uri: Url | None = None
    parley_instance: InstanceFacts | None = None


class PushedRequest(Wire):
    """The form of a pushed authorization request (RFC 9126) without its client authentication."""

    response_type: Literal["code"]
    client_id: Url
    redirect_uri: Url
    scope: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    state: Annotated[str, StringConstraints(min_length=22, max_length=512)]
    nonce: Annotated[str, StringConstraints(min_length=22, max_length=512)]
    code_challenge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code_challenge_method: Literal["S256"]
    shared_id: SharedId
    reconnects: SharedId | None = None
    mode: Annotated[Mode, Field(strict=False)] = Mode.BASIC
    connection_name: ShortText = ""
    initiator_short_name: Annotated[str, StringConstraints(max_length=30)] = ""
    responder_short_name: Annotated[str, StringConstraints(max_length=30)] = ""


class PushedAnswer(Wire):
    """The answer to a pushed request: use `request_uri` within `expires_in` seconds."""

    request_uri: Annotated[str, StringConstraints(min_length=20, max_length=512)]
    expires_in: Annotated[int, Field(ge=1)]


class TokenAnswer(Wire):
    """The answer of the token endpoint. The attestation comes with the code grant only."""

    access_token: Annotated[str, StringConstraints(min_length=20, max_length=8192)]
    token_type: Literal["DPoP"]
    expires_in: int
    scope: str = ""
    shared_id: SharedId
    connection_attestation: str | None = None


class ConnectionStatus(Wire):
    """What a node tells its peer about their connection. The attestation is shown from `redeemed` on.

    A closed one that somebody had accepted says the reason. `changed_at` is when this side last changed what it says
    of itself, `known_changed_at` the newest one of the other side that it has heard of (ADR 0027).
    `messages_waiting` tells a side that only dials out to come and get them.
    """

    shared_id: SharedId
    state: Literal["consented", "redeemed", "claimed", "confirmed", "active", "deactivated", "closed"]
    activated_at: Annotated[datetime, Field(strict=False)] | None = None
    reason: Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")] | None = None
    connection_attestation: str | None = None
    mode: Annotated[Mode, Field(strict=False)] | None = None
    changed_at: Annotated[UtcMoment, Field(strict=False)] | None = None
    known_changed_at: Annotated[UtcMoment, Field(strict=False)] | None = None
    messages_waiting: bool = False


class SideStatus(Wire):
    """What one side says of itself, from the moment of its last change on; an older one is not believed."""

    state: Literal["active", "deactivated"]
    changed_at: Annotated[UtcMoment, Field(strict=False)]


# What every JSON reader takes for an integer (RFC 8259, section 6).
Sequence = Annotated[int, Field(ge=0, lt=2**53)]
APPLICATION = "application"


class ChannelMessage(Wire):
    """One message on its way: numbered by its sender, without a gap that means anything, and never twice the same."""

    sequence: Sequence
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    body: JsonValue = None


class MessageBatch(Wire):
    """What each side says in an exchange: what it has of the other's, how many more it takes, and its own next ones.

    `acknowledged` is what it knows the other side to have: who has less goes on from an older backup. `forked` says
    that a number was used for two messages, so that the sender does.
    """

    acknowledges: Sequence
    acknowledged: Sequence = 0
    room: Annotated[int, Field(ge=0)]
    forked: bool = False
    messages: Annotated[list[ChannelMessage], Field(max_length=100)]


class Registration(Wire):
    """A client registers with an invitation's secret as initial access token (RFC 7591).

    The software statement binds its one key to this invitation and to the shared id that the client chose.
    """

    client_name: ShortText = ""
    client_uri: Url
    token_endpoint_auth_method: Literal["private_key_jwt"]
    grant_types: Annotated[list[str], Field(min_length=1, max_length=10)]
    jwks: KeySet
    software_statement: Annotated[str, StringConstraints(min_length=20, max_length=8192)]
    parley_instance: InstanceFacts


class Registered(Wire):
    """The client's registration (RFC 7591, section 3.2.1), and how its invitation stands now."""

    client_id: Url
    client_id_issued_at: int
    token_endpoint_auth_method: Literal["private_key_jwt"]
    grant_types: list[str]
    shared_id: SharedId
    invitation_state: Literal["claimed", "confirmed", "active"]


class InvitationQuery(Wire):
    """What an invitation's holder asks its inviter: always a form in the body, never a query."""

    invitation: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    secret: Annotated[str, StringConstraints(min_length=22, max_length=128)]
    reason: Annotated[str, StringConstraints(max_length=500, pattern=STORABLE)] = ""


class InvitationStatus(Wire):
    """How an invitation stands at its inviter, for whoever has its secret; ask again after `interval` seconds."""

    state: Literal["open", "claimed", "confirmed", "active", "rejected", "revoked", "expired", "locked"]
    reason: Annotated[str, StringConstraints(max_length=500, pattern=STORABLE)] = ""
    mode: Annotated[Mode, Field(strict=False)]
    scope: list[str]
    connection_name: ShortText = ""
    inviter_short_name: Annotated[str, StringConstraints(max_length=30)] = ""
    partner_short_name: Annotated[str, StringConstraints(max_length=30)] = ""
    confirmation_required: bool
    expires_at: Annotated[datetime, Field(strict=False)]
    interval: Annotated[int, Field(ge=1, le=3_600)]


class IssuerChange(Wire):
    """Where the sender is from now on; its keys are published there."""

    issuer: Url


class OAuthErrorBody(Wire):
    """An RFC 6749, section 5.2 error."""

    error: Annotated[str, StringConstraints(max_length=100)]
    error_description: Annotated[str, StringConstraints(max_length=500)] = ""
