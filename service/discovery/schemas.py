"""What a destination probe looks like on the wire."""

from typing import Annotated, Self

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

    instance: Annotated[
        str | None,
        Field(
            description="The instance here that wants to connect: its id, slug or node URL. A caller who has "
            "only one may leave it out.",
            examples=["acme"],
        ),
    ] = None
    url: Annotated[
        str,
        Field(
            description="Any link of the other side, as it was pasted: its tracker, a page deep inside, or "
            "the node URL that its Parley shows. Without a scheme, https is meant.",
            min_length=1,
            examples=[EXAMPLE_URL],
        ),
    ]


class ModeNeedOut(BaseModel):
    """Something that somebody must have before the mode can be set up."""

    id: Annotated[Need, Field(description="The need as a word; more may be added.")]
    label: Annotated[str, Field(description="The need as a sentence for people.")]


class ModeOptionOut(BaseModel):
    """One mode, and whether this connection can have it."""

    mode: Mode
    possible: bool
    why_not: Annotated[
        str | None, Field(description="Why it is not possible and what would help; null where it is.")
    ]
    needs: Annotated[list[ModeNeedOut], Field(description="What will be needed, known before one starts.")]

    @classmethod
    def of(cls, option: ModeOption) -> Self:
        """Return the option on the wire."""
        needs = [ModeNeedOut(id=need, label=NEED_LABELS[need]) for need in option.needs]
        return cls(mode=option.mode, possible=option.possible, why_not=option.why_not, needs=needs)


class SuggestedOut(BaseModel):
    """Answers to begin with. The short names differ from each other and are safe in scripts."""

    local_short_name: Annotated[
        str, Field(max_length=MAX_SHORT_NAME, pattern=SHORT_NAME_PATTERN, examples=["beta"])
    ]
    destination_short_name: Annotated[
        str, Field(max_length=MAX_SHORT_NAME, pattern=SHORT_NAME_PATTERN, examples=["acme"])
    ]
    name: Annotated[str, Field(max_length=255, examples=["beta to acme"])]
    type: Annotated[
        DestinationType | None,
        Field(description="public for a node that was found, local for the own instance, else null."),
    ]


class DestinationProbeOut(BaseModel):
    """What is at a URL. Nothing is stored; a host that cannot be reached is an answer, with its reason."""

    url: Annotated[str, Field(description="The URL as it was sent.", examples=[EXAMPLE_URL])]
    normalised_url: Annotated[
        str,
        Field(
            description="The URL in its one spelling: host in ASCII, no query, no fragment.",
            examples=[EXAMPLE_URL],
        ),
    ]
    display_url: Annotated[
        str,
        Field(
            description="The same with the letters of an international host name. Letters can look alike: "
            "show it beside normalised_url, never alone.",
            examples=[EXAMPLE_URL],
        ),
    ]
    outcome: Annotated[
        Outcome,
        Field(
            description="node_unknown: a tracker was recognised, but not where its node is. blocked: this "
            "node does not call such an address, and does not tell what is there. own_instance: the very "
            "instance that asks."
        ),
    ]
    reason: Annotated[
        ProbeReason | None, Field(description="What stands in the way, by name; null where nothing does.")
    ]
    detail: Annotated[str, Field(description="What was found, as a sentence for people.")]
    fix: Annotated[str | None, Field(description="The way out, as a sentence for people.")]
    issuer: Annotated[
        str | None,
        Field(description="The other side's node URL.", examples=["https://parley.acme.example/i/jira"]),
    ]
    platform: Annotated[
        str | None, Field(description="The other side's platform, by name.", examples=["jira_cloud"])
    ]
    version: Annotated[
        str | None, Field(description="The tracker's version, where it tells.", examples=["5.0.4"])
    ]
    instance_name: Annotated[
        str | None, Field(description="What the other side calls itself: a claim.", examples=["Acme Jira"])
    ]
    tracker_url: Annotated[
        str | None,
        Field(description="The tracker that the node connects.", examples=["https://acme.atlassian.net"]),
    ]
    tracker_url_confirmed: Annotated[
        bool,
        Field(
            description="True where the tracker's own host names the node (RFC 9728). Otherwise tracker_url "
            "is the node's claim, and is to be shown as one."
        ),
    ]
    suggested: SuggestedOut
    modes: Annotated[list[ModeOptionOut], Field(description="Every mode, possible or not.")]
    clock_skew_seconds: Annotated[
        float | None,
        Field(
            description="How far the other node's clock is ahead; over 10 either way rules out every mode."
        ),
    ]

    @classmethod
    def of(cls, probe: Probe) -> Self:
        """Return the probe on the wire."""
        return cls(
            url=probe.url,
            normalised_url=probe.normalised_url,
            display_url=probe.display_url,
            outcome=probe.outcome,
            reason=probe.reason,
            detail=probe.detail,
            fix=probe.fix,
            issuer=probe.issuer,
            platform=probe.platform,
            version=probe.version,
            instance_name=probe.instance_name,
            tracker_url=probe.tracker_url,
            tracker_url_confirmed=probe.tracker_url_confirmed,
            suggested=SuggestedOut(
                local_short_name=probe.names.local_short_name,
                destination_short_name=probe.names.destination_short_name,
                name=probe.names.name,
                type=probe.type,
            ),
            modes=[ModeOptionOut.of(option) for option in probe.modes],
            clock_skew_seconds=probe.clock_skew_seconds,
        )
