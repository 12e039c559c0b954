"""What an instance was last known to be: where its node is, and which version its tracker has.

A copy of a database must not act as the original (ADR 0028); a version that is too old rules out every mode.
"""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from service.database.rows import get_for_update
from service.instances.models import Instance
from service.instances.operations import issuer_of
from service.problems.tree import InstancePaused
from service.settings import Settings

NODE_URL, VERSION = "node_url", "version"
LONGEST_VERSION = 60
COPIED_OR_MOVED = (
    "If the node has moved, say so with POST /v1/instances/{id}/moves and kind moved: its connections stay. If this "
    "is a copy, say kind copied: it forgets the connections, which stay with the original. Or set "
    "PARLEY_PUBLIC_URL back."
)


def old_node_url(settings: Settings, instance: Instance) -> str | None:
    """Return the node URL that partners know, where it is another than the one of now; None where all is well."""
    known: str | None = instance.identity.get(NODE_URL)
    return known if known not in {None, issuer_of(settings, instance.slug)} else None


def why_paused(settings: Settings, instance: Instance) -> str | None:
    """Return in a sentence why the instance speaks to nobody now, None where it does."""
    old = old_node_url(settings, instance)
    if old is None:
        return None
    return f"Its node URL was {old} when it was set up, and is {issuer_of(settings, instance.slug)} now."


def require_running(settings: Settings, instance: Instance, **members: Any) -> None:
    """Raise InstancePaused, with these members, where the instance may be a copy of one that runs elsewhere."""
    if why := why_paused(settings, instance):
        raise InstancePaused(
            "{why} Until somebody says whether it has moved or is a copy, it speaks to no other node.",
            why=why,
            instance_id=instance.id,
            **members,
            fix=COPIED_OR_MOVED.replace("{id}", instance.id),
        )


def known_version(instance: Instance) -> str | None:
    """Return the version that answered at the last check; None where none was told."""
    version = instance.identity.get(VERSION)
    return version if isinstance(version, str) else None


async def remember_version(
    session: AsyncSession, instance: Instance, version: str | None, now: datetime
) -> None:
    """The version that answered now is the known one; an answer without a readable version changes nothing."""
    if version is None or not version.isprintable() or known_version(instance) == version[:LONGEST_VERSION]:
        return
    locked = await get_for_update(session, Instance, instance.id)
    locked.sqlmodel_update(
        {"identity": {**locked.identity, VERSION: version[:LONGEST_VERSION]}, "updated_at": now}
    )
