"""What is done with an invitation by itself. What also concerns its connection is in `inviter/` and `invited/`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import Principal
from service.database.pagination import Keyset, Page, PageRequest, read_page
from service.database.rows import as_stored, find
from service.invitations.invitation.codes import Code
from service.invitations.invitation.models import Direction, Invitation
from service.invitations.invitation.schemas import ClaimantOut, InvitationOut, InviterOut
from service.problems.tree import NotFound, not_valid

DEFAULT_LIFE = timedelta(hours=72)
LONGEST_LIFE = timedelta(days=14)
SHORTEST_LIFE = timedelta(minutes=5)
MOST_WRONG_CODES = 5


def read_expiry(asked: datetime | None, now: datetime) -> datetime:
    """Return until when the invitation is good; raises ValidationFailed."""
    if asked is None:
        return (now + DEFAULT_LIFE).replace(microsecond=0)
    if not now + SHORTEST_LIFE <= asked <= now + LONGEST_LIFE:
        detail = "An invitation is good for five minutes at least and fourteen days at most."
        raise not_valid("/expires_at", "out_of_range", detail)
    return asked.replace(microsecond=0)


async def get_visible(session: AsyncSession, principal: Principal, invitation_id: str) -> Invitation:
    """Return the invitation; raise NotFound where there is none that this caller may know of."""
    invitation = await find(session, Invitation, invitation_id)
    if invitation is None or not principal.may_see(invitation.instance_id):
        raise NotFound("There is no invitation {id}.", id=invitation_id)
    return invitation


async def get_received(session: AsyncSession, instance_id: str, invitation_id: str) -> Invitation:
    """Return the invitation that this instance got; raise NotFound for any other one."""
    found = await find(session, Invitation, invitation_id)
    if found is None or found.instance_id != instance_id or found.direction is not Direction.RECEIVED:
        raise NotFound("This instance got no invitation {id}.", id=invitation_id)
    return found


async def find_received(session: AsyncSession, instance_id: str, code: Code) -> Invitation | None:
    """Return what this instance has made of the inviter's invitation, if it has accepted or rejected it."""
    statement = select(Invitation).where(
        Invitation.instance_id == instance_id,
        Invitation.reference == code.reference,
        Invitation.inviter_issuer == code.issuer,
        Invitation.direction == Direction.RECEIVED,
    )
    return (await session.exec(statement)).one_or_none()


async def list_invitations(
    session: AsyncSession, principal: Principal, asked: PageRequest, filters: Mapping[str, Sequence[str]]
) -> Page[Invitation]:
    """Return one page of the invitations that this caller may see, the newest first."""
    statement = select(Invitation)
    if principal.instance_ids is not None:
        statement = statement.where(col(Invitation.instance_id).in_(principal.instance_ids))
    for name, values in filters.items():
        statement = statement.where(getattr(Invitation, name).in_(values))
    keyset = Keyset[Invitation](
        name="invitations",
        columns=(col(Invitation.created_at), col(Invitation.id)),
        key=lambda row: (row.created_at, row.id),
        descending=True,
        filters={name: str(values) for name, values in filters.items()},
    )
    return await read_page(session, statement, keyset, asked)


def to_out(invitation: Invitation) -> InvitationOut:
    """Return the invitation as its readers see it, without any secret."""
    return InvitationOut(
        **as_stored(invitation, InvitationOut),
        instance=invitation.instance_id,
        connection=invitation.connection_id,
        inviter=InviterOut(host=host_of(invitation.inviter_issuer), node_url=invitation.inviter_issuer),
        claimed_by=_claimant(invitation),
    )


def host_of(url: str) -> str:
    """Return the host, with its port where it has one, that people compare."""
    return urlsplit(url).netloc


def _claimant(invitation: Invitation) -> ClaimantOut | None:
    claimant = invitation.claimant
    if claimant is None:
        return None
    return ClaimantOut(
        host=host_of(claimant["issuer"]) if claimant["issuer"] else None,
        verified=claimant["issuer"] is not None,
        fingerprint=claimant["thumbprint"],
        **{name: claimant[name] for name in ("name", "platform", "url")},
    )
