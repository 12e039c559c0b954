"""Which of the caller's instances a request is about."""

from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import Principal
from service.instances.faults import not_valid
from service.instances.models import Instance
from service.instances.operations import find_instance, get_instance
from service.problems.tree import NotFound
from service.settings import Settings


async def own_instance(
    session: AsyncSession, settings: Settings, principal: Principal, name: str | None
) -> Instance:
    """Return the instance of this id, slug or node URL; the only one of the caller needs no name.

    That of somebody else is refused in the words for one that does not exist.
    """
    if name is None:
        ids = principal.instance_ids
        if ids is None or len(ids) != 1:
            raise not_valid("/instance", "missing", "Say which instance: this caller has more than one.")
        return await get_instance(session, next(iter(ids)))
    try:
        instance = await find_instance(session, settings, name)
    except NotFound:
        instance = None
    if instance is None or not principal.may_see(instance.id):
        raise NotFound("There is no instance {name}.", name=name)
    return instance
