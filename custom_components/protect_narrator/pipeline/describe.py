"""Asking the agent: with a limit, with one more try, and with frames when it takes no clip."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .answer import parse_answer
from .case import Case, Stage
from .errors import AgentError, AgentUnavailableError, OverBudgetError
from .evidence import Exhibit
from .gate import Gate
from .models import Description, FallbackDetail, FallbackReason, Medium
from .ports import Answer, Describer, Meter
from .prompt import question

# An agent that just failed is often only busy; a second lets a rate limit pass.
_RETRY_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """Asks the user's agent about one case and records there what comes of it."""

    case: Case
    describer: Describer
    """One that is the same agent for good, where the evidence was made for that agent."""

    gate: Gate
    """Shared by all consoles."""

    meter: Meter

    async def describe(self, exhibit: Exhibit, instead: Callable[[], Awaitable[Exhibit]]) -> None:
        """Put the agent's Description into the case, or the rungs that were lost.

        ``instead`` makes the evidence for an agent that did not manage the clip.
        """
        failed: str | None = None
        while exhibit.evidence.medium is not Medium.NONE:
            self.case.enter(Stage.DESCRIBE)
            try:
                self.case.description = await self._ask(exhibit)
            except AgentUnavailableError as err:
                self.case.lose(FallbackReason.AGENT_UNAVAILABLE, err)
                return
            except OverBudgetError as err:
                self.case.lose(FallbackReason.BUDGET_EXHAUSTED, err)
                return
            except AgentError as err:
                if exhibit.evidence.medium is not Medium.CLIP:
                    self.case.lose(FallbackReason.AGENT_FAILED, err)
                    return
                self.case.lose(FallbackReason.AGENT_REJECTED_CLIP, err)
                if err.detail is not FallbackDetail.AGENT_TIMEOUT:
                    failed = self.case.agent_id
                exhibit = await instead()
            else:
                self._learn(exhibit.evidence.medium, failed)
                return

    def _learn(self, answered: Medium, failed: str | None) -> None:
        """Learn from an answer whether the agent takes a clip.

        ``failed`` is the agent that did not manage the clip. Only if the same one manages
        frames of it was the clip the reason: an agent that is down manages nothing, and one
        that is slow might have managed it.
        """
        asked = self.case.agent_id
        if asked != self.describer.agent_id:
            return  # what is learnt would be another's
        if answered is Medium.CLIP:
            self.describer.learn(takes_clip=True)
        elif answered is Medium.FRAMES and failed == asked:
            self.describer.learn(takes_clip=False)

    async def _ask(self, exhibit: Exhibit) -> Description:
        """Return the answer, of two tries where pictures are shown; raise as ask_once."""
        try:
            return await self.ask_once(exhibit)
        except AgentError as err:
            if exhibit.evidence.medium is Medium.CLIP:
                raise  # frames are the better second try
            failed = err
        await self.case.clock.sleep(_RETRY_PAUSE_S)
        try:
            return await self.ask_once(exhibit, failed.remark)
        except OverBudgetError:
            raise failed from None  # that is what was lost; it cost the last call

    async def ask_once(self, exhibit: Exhibit, remark: str = "") -> Description:
        """Return the agent's answer; raise AgentError, AgentUnavailableError, OverBudgetError.

        ``remark`` tells the agent what was wrong with its last answer.
        """
        case = self.case
        async with self.gate.place(case.policy.ai_at_once, case.turn):
            self.describer.require()
            require_budget(self.meter, case)
            # Nothing waits from here to the question: it is the one that is asked.
            case.agent_id = self.describer.agent_id
            shown, case.shown = case.shown, exhibit.evidence
            self.meter.asked(case.detection)
            try:
                answer = await self._answer(exhibit, remark)
                self.meter.answered(case.detection, answer)
                return parse_answer(answer.raw, case.agent_id)
            except AgentUnavailableError:
                case.shown = shown  # nobody was there to look
                raise
            except AgentError:
                self.meter.failed(case.detection)
                raise

    async def _answer(self, exhibit: Exhibit, remark: str) -> Answer:
        case = self.case
        asked = question(
            case.detection,
            exhibit.evidence,
            case.policy,
            exhibit.moments_s,
            span_s=exhibit.span_s,
            wish=case.wish,
            remark=remark,
        )
        try:
            async with asyncio.timeout(case.policy.describe_timeout.total_seconds()):
                return await self.describer.ask(asked)
        except TimeoutError as err:
            raise AgentError(FallbackDetail.AGENT_TIMEOUT, "no answer in time") from err


def require_budget(meter: Meter, case: Case) -> None:
    """Raise OverBudgetError when one more question is beyond the user's limits."""
    if not meter.may_ask(case.detection, case.policy):
        raise OverBudgetError(FallbackDetail.OVER_BUDGET, "the AI calls of the day are used up")
