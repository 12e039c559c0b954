"""What a destination probe looks like on the wire."""

from dataclasses import asdict
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from service.discovery.modes import NEED_LABELS, ModeOption, Need
from service.discovery.names import MAX_SHORT_NAME, SHORT_NAME_PATTERN
from service.discovery.probes import Outcome, Probe
from service.discovery.reasons import ProbeReason
from service.words import DestinationType, Mode

EXAMPLE_URL = "https://acme.atlassian.net/browse/ABC-1"


class DestinationProbeIn(BaseModel):
    """The question what is at a URL, for one instance."""

    model_config = ConfigDict(extra="forbid", str_max_length=4096)

    instance: str | None = Field(
        None,
        description="The instance here that wants to connect: its id, slug or node URL. A caller who has "
        "only one may leave it out.",
        examples=["acme"],
    )
    url: str = Field(
        description="Any link of the other side, as it was pasted: its tracker, a page deep inside, or "
        "the node URL that its Parley shows. Without a scheme, https is meant.",
        min_length=1,
        examples=[EXAMPLE_URL],
    )


class ModeNeedOut(BaseModel):
    """Something that somebody must have before the mode can be set up."""

    id: Need = Field(description="The need as a word; more may be added.")
    label: str = Field(description="The need as a sentence for people.")


class ModeOptionOut(BaseModel):
    """One mode, and whether this connection can have it."""

    mode: Mode
    possible: bool
    why_not: str | None = Field(description="Why it is not possible and what would help; null where it is.")
    needs: list[ModeNeedOut] = Field(description="What will be needed, known before one starts.")

    @classmethod
    def of(cls, option: ModeOption) -> Self:
        """Return the option on the wire."""
        needs = [ModeNeedOut(id=need, label=NEED_LABELS[need]) for need in option.needs]
        return cls(mode=option.mode, possible=option.possible, why_not=option.why_not, needs=needs)


class SuggestedOut(BaseModel):
    """Answers to begin with. The short names differ from each other and are safe in scripts."""

    local_short_name: str = Field(max_length=MAX_SHORT_NAME, pattern=SHORT_NAME_PATTERN, examples=["beta"])
    destination_short_name: str = Field(
        max_length=MAX_SHORT_NAME, pattern=SHORT_NAME_PATTERN, examples=["acme"]
    )
    name: str = Field(max_length=255, examples=["beta to acme"])
    type: DestinationType | None = Field(
        description="public for a node that was found, local for the own instance, else null."
    )


class DestinationProbeOut(BaseModel):
    """What is at a URL. Nothing is stored; a host that cannot be reached is an answer, with its reason."""

    url: str = Field(description="The URL as it was sent.", examples=[EXAMPLE_URL])
    normalised_url: str = Field(
        description="The URL in its one spelling: host in ASCII, no query, no fragment.",
        examples=[EXAMPLE_URL],
    )
    display_url: str = Field(
        description="The same with the letters of an international host name. Letters can look alike: "
        "show it beside normalised_url, never alone.",
        examples=[EXAMPLE_URL],
    )
    outcome: Outcome = Field(
        description="node_unknown: a tracker was recognised, but not where its node is. blocked: this "
        "node does not call such an address, and does not tell what is there. own_instance: the very "
        "instance that asks."
    )
    reason: ProbeReason | None = Field(
        description="What stands in the way, by name; null where nothing does."
    )
    detail: str = Field(description="What was found, as a sentence for people.")
    fix: str | None = Field(description="The way out, as a sentence for people.")
    issuer: str | None = Field(
        description="The other side's node URL.", examples=["https://parley.acme.example/i/jira"]
    )
    platform: str | None = Field(description="The other side's platform, by name.", examples=["jira_cloud"])
    version: str | None = Field(description="The tracker's version, where it tells.", examples=["5.0.4"])
    instance_name: str | None = Field(
        description="What the other side calls itself: a claim.", examples=["Acme Jira"]
    )
    tracker_url: str | None = Field(
        description="The tracker that the node connects.", examples=["https://acme.atlassian.net"]
    )
    tracker_url_confirmed: bool = Field(
        description="True where the tracker's own host names the node (RFC 9728). Otherwise tracker_url "
        "is the node's claim, and is to be shown as one."
    )
    suggested: SuggestedOut
    modes: list[ModeOptionOut] = Field(description="Every mode, possible or not.")
    clock_skew_seconds: float | None = Field(
        description="How far the other node's clock is ahead; over 10 either way rules out every mode."
    )

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """Return the probe on the wire."""
        told = cls.model_fields.keys() - {"suggested", "modes"}
        return cls(
            **{name: getattr(probe, name) for name in told},
            suggested=SuggestedOut(**asdict(probe.names), type=probe.type),
            modes=[ModeOptionOut.of(option) for option in probe.modes],
        )
