"""What people type to prove an account: checked against what the platform asks for, sealed if it is kept."""

import json
from collections.abc import Mapping

from service.instances.models import Instance
from service.platforms.description import PlatformDescription, SignInMethod
from service.platforms.interface import Credential
from service.problems.tree import not_valid
from service.trust.sealing import Sealer
from service.values.texts import is_storable


def read_credential(
    description: PlatformDescription, method: str, values: Mapping[str, str], pointer: str = ""
) -> Credential:
    """Return the credential with exactly the fields of this method; raises ValidationFailed.

    No access token is taken from anybody but the platform itself: one that was made for another application would
    sign in whoever agreed to that one.
    """
    known = {offered.id: offered for offered in description.sign_in}
    chosen = known.get(method)
    if chosen is None:
        options = [{"value": offered.id, "label": offered.label} for offered in description.sign_in]
        detail = f"{description.label} has no such sign-in method; it has: {', '.join(known)}."
        raise not_valid(f"{pointer}/method", "unknown_method", detail, options=options)
    if chosen.oauth is not None:
        programs = ", ".join(offered.id for offered in description.sign_in if offered.oauth is None) or "none"
        detail = f"{chosen.label} is for people in a browser. Methods for programs: {programs}."
        raise not_valid(f"{pointer}/method", "browser_only", detail)
    _check_fields(chosen, values, f"{pointer}/values")
    return Credential(method, dict(values))


def _check_fields(method: SignInMethod, values: Mapping[str, str], pointer: str) -> None:
    for field in method.fields:
        if not values.get(field.name):
            raise not_valid(f"{pointer}/{field.name}", "missing", f"{field.label} is missing. {field.help}")
        if not is_storable(values[field.name]):
            raise not_valid(
                f"{pointer}/{field.name}", "text", f"{field.label} has a character that no text has."
            )
    if unknown := set(values) - {field.name for field in method.fields}:
        name = min(unknown).replace("~", "~0").replace("/", "~1")
        raise not_valid(f"{pointer}/{name}", "extra_forbidden", f"{method.label} has no such field.")


def seal_credential(sealer: Sealer, instance_id: str, credential: Credential) -> str:
    """Return the credential sealed to its instance."""
    plain = json.dumps({"method": credential.method, "values": dict(credential.values)}).encode()
    return sealer.seal(plain, _context(instance_id))


def open_credential(sealer: Sealer, instance: Instance) -> Credential | None:
    """Return the instance's stored credential, None where there is none; raises SealBroken."""
    if instance.credential_sealed is None:
        return None
    stored = json.loads(sealer.open(instance.credential_sealed, _context(instance.id)))
    return Credential(stored["method"], stored["values"])


def _context(instance_id: str) -> str:
    return f"instance.credential_sealed.{instance_id}"
