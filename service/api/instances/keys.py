"""Where the keys of an instance are looked at and changed."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel.ext.asyncio.session import AsyncSession

from service.access.principals import Principal, requires
from service.database.sessions import SessionDep
from service.instance_keys.models import InstanceKey
from service.instance_keys.rotation import RotationKind, read_keys, rotate
from service.instance_keys.schemas import KeyRotationCreate, KeysOut, describe_keys
from service.instances.models import Instance
from service.instances.operations import get_instance
from service.node import NodeDep, NowDep
from service.openapi.document import problem_responses
from service.problems import tree as problems
from service.retries.routes import RetryableRoute
from service.verification.attempts import end_open_attempts
from service.words import Network

router = APIRouter(prefix="/v1/instances/{instance_id}", tags=["Instances"], route_class=RetryableRoute)
Reader = Annotated[Principal, Depends(requires("instances:read"))]
Writer = Annotated[Principal, Depends(requires("instances:write"))]
WHO = (problems.Unauthenticated, problems.MissingScope, problems.NotFound)


@router.get(
    "/keys",
    operation_id="listInstanceKeys",
    summary="List an instance's keys",
    responses=problem_responses(*WHO),
)
async def list_keys(instance_id: str, caller: Reader, session: SessionDep) -> KeysOut:
    """Which key signs, which one is next, and until when older ones count. Needs `instances:read`."""
    instance = await _visible(session, caller, instance_id)
    return _describe(instance, await read_keys(session, instance.id))


@router.post(
    "/key-rotations",
    operation_id="rotateInstanceKey",
    summary="Rotate an instance's key",
    status_code=201,
    responses=problem_responses(*WHO, problems.MalformedJson, problems.ValidationFailed),
)
async def create_rotation(
    instance_id: str, body: KeyRotationCreate, caller: Writer, session: SessionDep, node: NodeDep, now: NowDep
) -> KeysOut:
    """The instance gets a new signing key: in 24 hours, or in an emergency now.

    Needs `instances:write`. The other sides read the new key at this instance's node URL by themselves, within the
    hour. An emergency ends open verification sessions, whose other sides know the old key only; they can be started
    again at once. Repeating a planned rotation changes nothing.
    """
    instance = await _visible(session, caller, instance_id)
    keys = await rotate(session, node, instance.id, body.kind, now)
    if body.kind is RotationKind.EMERGENCY:
        await end_open_attempts(session, node, instance.id)
    return _describe(instance, keys)


async def _visible(session: AsyncSession, caller: Principal, instance_id: str) -> Instance:
    if not caller.may_see(instance_id):
        raise problems.NotFound("There is no instance {id}.", id=instance_id)
    return await get_instance(session, instance_id)


def _describe(instance: Instance, keys: list[InstanceKey]) -> KeysOut:
    return describe_keys(instance.id, keys, is_readable=instance.network is Network.PUBLIC)
