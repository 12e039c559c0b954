"""Does an instance answer, and has its connection's user the rights? Down is a result, not a fault."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.egress.client import EgressFailure
from service.instances.models import Instance
from service.instances.renewing import usable_credential
from service.node import Node
from service.platforms.answers import SERVER_FAULT, ask
from service.platforms.description import PlatformDescription
from service.platforms.interface import Credential, Platform, Right, SignInFailure, SignInReason
from service.trust.sealing import SealBroken

STORE_CREDENTIAL = "Store the connection's user with PATCH and credential."
FOLLOW = "Do what detail says, then check again."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried; `ok` is None where it could not be."""

    name: str
    ok: bool | None
    detail: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was tried, and each right: measured, or declared only; `version` is of what answered, where it tells."""

    checks: tuple[Check, ...]
    rights: tuple[Right, ...]
    version: str | None = None


async def check_instance(node: Node, platform: Platform, instance: Instance) -> Outcome:
    """Return how the instance answers now. Call it outside of any transaction."""
    address, version = await _check_address(node, platform, instance)
    return replace(await _check_user(node, platform, instance, address), version=version)


async def _check_user(node: Node, platform: Platform, instance: Instance, address: Check) -> Outcome:
    declared = await platform.rights(node.egress, instance.url, None)
    try:
        credential = await usable_credential(node, platform.description, instance)
    except SignInFailure as failure:
        return Outcome(
            (address, Check("sign_in", ok=False, detail=failure.detail, fix=STORE_CREDENTIAL)), declared
        )
    except SealBroken:
        broken = "The stored credential was sealed with a key that this node does not have any more."
        return Outcome((address, Check("sign_in", ok=False, detail=broken, fix=STORE_CREDENTIAL)), declared)
    if credential is None:
        nobody = "No credential is stored, so the rights are declared by the platform and not measured."
        return Outcome((address, Check("sign_in", ok=None, detail=nobody, fix=STORE_CREDENTIAL)), declared)
    if not address.ok:
        untried = Check(
            "sign_in", ok=None, detail="Not tried, for nothing answers as it should.", fix=address.fix
        )
        return Outcome((address, untried), declared)
    checks, rights = await _check_account(node, platform, instance, credential)
    return Outcome((address, *checks), rights or declared)


async def _check_address(node: Node, platform: Platform, instance: Instance) -> tuple[Check, str | None]:
    """Return whether the platform answers at the URL, and its version where it tells."""
    label = platform.description.label
    try:
        found = await platform.fingerprint(node.egress, instance.url)
    except EgressFailure as failure:
        detail = f"{instance.url} gives no usable answer ({failure.reason})."
        return Check(
            "address", ok=False, detail=detail, fix=f"Check the URL, and that {label} runs there."
        ), None
    if found is None and (busy := await _why_busy(node, label, instance.url)) is not None:
        return Check(
            "address", ok=False, detail=busy, fix="Try again later; nothing has to be changed here."
        ), None
    if found is None:
        detail = f"What answers at {instance.url} is no {label}."
        fix = f"Check the URL, and whether a proxy or a single sign-on stands in front of {label}."
        return Check("address", ok=False, detail=detail, fix=fix), None
    if (too_old := platform.description.too_old(found.version)) is not None:
        fix = f"Have {label} updated: until then no connection can be set up with it."
        return Check("address", ok=False, detail=too_old, fix=fix), found.version
    version = f" {found.version}" if found.version else ""
    return Check("address", ok=True, detail=f"{label}{version} answers at {instance.url}."), found.version


async def _why_busy(node: Node, label: str, url: str) -> str | None:
    """Return what a server says that cannot serve now, None where that is not what is wrong with it."""
    try:
        await ask(node.egress, label, url)
    except SignInFailure as failure:
        is_busy = failure.reason is SignInReason.RATE_LIMITED or failure.cause == SERVER_FAULT
        return failure.detail if is_busy else None
    return None


async def _check_account(
    node: Node, platform: Platform, instance: Instance, credential: Credential
) -> tuple[Sequence[Check], tuple[Right, ...]]:
    """Return what the account can do; the first step that fails is the last one tried."""
    checks: list[Check] = []
    rights: tuple[Right, ...] = ()
    step = "sign_in"
    try:
        person = await platform.sign_in(node.egress, instance.url, credential)
        checks.append(Check("sign_in", ok=True, detail=f"Signed in as {person.display_name}."))
        step = "rights"
        rights = await platform.rights(node.egress, instance.url, credential)
        checks.append(_check_rights(platform.description, rights))
        step = "projects"
        projects = await platform.projects(node.egress, instance.url, credential)
        checks.append(_check_projects(len(projects)))
    except SignInFailure as failure:
        refused = failure.reason is SignInReason.WRONG_CREDENTIALS
        checks.append(
            Check(step, ok=False, detail=failure.detail, fix=STORE_CREDENTIAL if refused else FOLLOW)
        )
    return checks, rights


def _check_rights(description: PlatformDescription, rights: tuple[Right, ...]) -> Check:
    """Return what the connection's user lacks, in the platform's own words; else what nobody can tell."""
    missing = [right for right in rights if right.granted is False]
    untold = [right for right in rights if right.granted is None]
    if missing:
        names, places = _names_and_places(description, missing)
        return Check(
            "rights", ok=False, detail=f"The connection's user lacks: {names}.", fix=f"Grant it: {places}"
        )
    if untold:
        names, places = _names_and_places(description, untold)
        detail = f"{description.label} does not tell whether the connection's user has: {names}."
        return Check("rights", ok=None, detail=detail, fix=f"See that it is granted: {places}")
    return Check("rights", ok=True, detail="The connection's user has every right that a scope needs.")


def _names_and_places(description: PlatformDescription, rights: Sequence[Right]) -> tuple[str, str]:
    labels = {need.permission: need.label for need in description.permissions}
    names = dict.fromkeys(labels.get(right.permission, right.permission) for right in rights)
    places = dict.fromkeys(right.where_to_grant for right in rights)
    return ", ".join(names), "; ".join(places)


def _check_projects(count: int) -> Check:
    if count:
        return Check("projects", ok=True, detail=f"The connection's user sees {count} project(s).")
    return Check(
        "projects",
        ok=False,
        detail="The connection's user sees no project.",
        fix="Make it a member of the projects that connections are about.",
    )
