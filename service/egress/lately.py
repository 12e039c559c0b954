"""What hosts answered a moment ago: what one person does within a minute asks them once, not five times."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from service.egress.answers import Answer
from service.egress.client import Egress
from service.values.moments import Clock

REMEMBERED_FOR = timedelta(seconds=60)
MOST_ANSWERS = 1_000
MOST_BYTES = 16_384
Question = tuple[str, str]
"""A URL, and what kind of answer was asked for."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    answer: Answer
    at: datetime


class Lately:
    """Good answers to plain reads, in the memory of one process: so many, for so long, and no refusal ever."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Question, _Remembered] = OrderedDict()

    def find(self, question: Question, now: datetime) -> Answer | None:
        """Return what was answered to this within the last minute, with how old that is (RFC 9111, 5.1)."""
        found = self._answers.get(question)
        if found is None or not found.at <= now < found.at + REMEMBERED_FOR:
            return None
        if "age" in found.answer.headers:
            return None  # an intermediary's answer is as old as it says, and older now: nobody has to add that up
        age = str(int((now - found.at).total_seconds()))
        return replace(found.answer, headers={**found.answer.headers, "age": age})

    def keep(self, question: Question, answer: Answer, now: datetime) -> None:
        """The answer is remembered where it is a good one and small; otherwise nothing is, of this question."""
        self._answers.pop(question, None)
        if answer.status != HTTPStatus.OK or len(answer.body) > MOST_BYTES:
            return
        self._answers[question] = _Remembered(answer, now)
        while len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)

    def forget(self, issuer: str) -> None:
        """All is asked anew that belongs to this issuer, or names it: something was wrong with what it said."""
        named = issuer.encode()
        for question, found in list(self._answers.items()):
            if question[0].startswith(issuer) or named in found.answer.body:
                del self._answers[question]


class Remembering(Egress):
    """The same way out for plain reads, which asks no host again within a minute, unless it has to be `fresh`."""

    def __init__(self, way_out: Egress, lately: Lately, clock: Clock, *, fresh: bool = False) -> None:
        self._way_out = way_out
        self._lately = lately
        self._clock = clock
        self._is_fresh = fresh

    async def request(self, method: str, url: str, **options: Any) -> Answer:
        """Return the answer of the URL's host, now or a moment ago; raises EgressFailure."""
        is_plain = method == "GET" and not options.keys() & {"json", "form", "basic_auth"}
        if not is_plain:
            return await self._way_out.request(method, url, **options)
        question = (url, (options.get("headers") or {}).get("Accept", ""))
        if not self._is_fresh and (answer := self._lately.find(question, self._clock.now())) is not None:
            return answer
        answer = await self._way_out.request(method, url, **options)
        self._lately.keep(question, answer, self._clock.now())
        return answer
