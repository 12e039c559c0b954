"""The two stops of the admin's browser: the page where it begins (P3), and where it comes back to (P6)."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from service.node import NodeDep
from service.openapi.document import problem_responses
from service.pages.verification.callback import LONGEST, come_back
from service.pages.verification.start import show_start, start
from service.platforms.registry import PlatformsDep
from service.problems import tree as problems
from service.protocol.messages import CALLBACK_PATH

router = APIRouter(tags=["Verification sessions"])
PATH = "/v1/verification-sessions/{session_id}"
PAGES = (
    problems.Unauthenticated,
    problems.NotAnAdmin,
    problems.NotFound,
    problems.ValidationFailed,
    problems.Internal,
    problems.Unavailable,
)
SEE_OTHER: dict[int | str, dict[str, object]] = {303: {"description": "Where the browser goes next."}}
Parameter = Annotated[str, Field(max_length=LONGEST, pattern=r"^[^\x00]*$")] | SkipJsonSchema[None]


class CallbackParameters(BaseModel):
    """The authorization response (RFC 6749, 4.1.2; RFC 9207): a code or an error, with state and issuer."""

    model_config = ConfigDict(extra="ignore")

    code: Parameter = Field(None, description="What is redeemed for the connection, once.")
    state: Parameter = Field(None, description="As it was pushed: which attempt this is.")
    iss: Parameter = Field(None, description="The other side's issuer.")
    error: Parameter = Field(None, description="Why there is no code.")
    error_description: Parameter = Field(None, description="The same in words.")


CallbackQuery = Annotated[CallbackParameters, Query()]


@router.get(
    PATH + "/start",
    operation_id="showStartPage",
    summary="The page where the admin's browser begins, and to which it comes back",
    response_class=HTMLResponse,
    responses={**SEE_OTHER, **problem_responses(*PAGES, problems.InstancePaused)},
)
async def get_start(session_id: str, request: Request, node: NodeDep, platforms: PlatformsDep) -> Response:
    """Shows what will happen, or how it ended. Opening it starts nothing; whoever is not signed in signs in first."""
    return await show_start(request, node, platforms, session_id)


@router.post(
    PATH + "/start",
    operation_id="startVerification",
    summary="The admin presses Continue, or starts again",
    status_code=HTTPStatus.SEE_OTHER,
    response_class=RedirectResponse,
    responses={
        **SEE_OTHER,
        **problem_responses(
            *PAGES,
            problems.PayloadTooLarge,
            problems.VerificationExpired,
            problems.VerificationDenied,
            problems.VerificationCancelled,
            problems.StepNotAllowed,
            problems.InstancePaused,
            problems.DestinationUnreachable,
            problems.DestinationRefused,
            problems.DestinationIncompatible,
        ),
    },
)
async def post_start(
    session_id: str,
    request: Request,
    node: NodeDep,
    platforms: PlatformsDep,
    form_token: Annotated[str, Form(max_length=200)] = "",
    decision: Annotated[Literal["continue", "again", "back"], Form()] = "continue",
) -> Response:
    """The request is pushed to the other node, and the browser is sent there with nothing but its address.

    From a session that has ended, `decision=again` leads to the page of a new one.
    """
    return await start(request, node, platforms, session_id, form_token, decision)


@router.get(
    "/i/{slug}" + CALLBACK_PATH,
    operation_id="receiveCallback",
    summary="The admin's browser comes back from the other side",
    status_code=HTTPStatus.SEE_OTHER,
    response_class=RedirectResponse,
    responses={**SEE_OTHER, **problem_responses(*PAGES)},
)
async def get_callback(slug: str, request: Request, node: NodeDep, _query: CallbackQuery) -> Response:
    """The verification is completed by the same admin in the same browser; anything else changes nothing."""
    return await come_back(request, node, slug)
