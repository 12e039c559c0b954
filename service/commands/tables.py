"""Every table of the service in one list, for the migrations."""

from service.access.models import GuessCount, NodeSecret, ServiceToken, SignInSession
from service.authorization.requests.models import AuthorizationRequest
from service.channel.models import Channel, IncomingMessage, OutgoingMessage
from service.connections.models import Connection
from service.events.models import Event
from service.instance_keys.models import InstanceKey
from service.instances.models import Instance
from service.invitations.invitation.models import Invitation
from service.jobs.models import Job
from service.protocol.replay import CachedDocument, SeenToken
from service.retries.models import AnsweredRequest
from service.verification.session.models import VerificationSession

ALL_TABLES = (
    AnsweredRequest,
    ServiceToken,
    SignInSession,
    GuessCount,
    AuthorizationRequest,
    Connection,
    Channel,
    OutgoingMessage,
    IncomingMessage,
    Event,
    Instance,
    InstanceKey,
    Invitation,
    Job,
    CachedDocument,
    NodeSecret,
    SeenToken,
    VerificationSession,
)
