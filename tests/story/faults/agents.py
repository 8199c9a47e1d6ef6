"""Faults of the AI, as core's own integrations meet them."""

from custom_components.protect_narrator.const import CONF_DESCRIBE_TIMEOUT
from simulator.model import ModelFault

from .fault import Fault, model_fails

ERROR = ("agent_failed:agent_error",)
# Core's ollama reads the JSON itself, and raises where it is none.
UNUSABLE = ("agent_failed:agent_unusable_answer",)
TOO_LATE = ("agent_failed:agent_timeout",)
REFUSED = ("agent_failed:agent_refused",)

_IMPATIENT = {CONF_DESCRIBE_TIMEOUT: 1.2}

AGENTS = (
    Fault(
        name="AI: 500 at every call",
        seen="LLM Vision #547, #648",
        play=model_fails(ModelFault.error(500)),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: 500 once",
        seen="Ollama while it loads a model",
        play=model_fails(ModelFault.error(500, calls=1)),
    ),
    Fault(
        name="AI: 429",
        seen="LLM Vision #262, #107",
        play=model_fails(ModelFault.error(429)),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: an error in the middle of an answer",
        seen="Ollama out of memory",
        play=model_fails(ModelFault.error_midway()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: an answer that is cut off",
        seen="proxies with a limit",
        play=model_fails(ModelFault.cut_off()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: a proxy's page instead of an answer",
        seen="reverse proxies",
        play=model_fails(ModelFault.broken()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: killed while it thinks",
        seen="Ollama and the out-of-memory killer",
        play=model_fails(ModelFault.left()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: hangs",
        seen="core's AI Task, which has no limit",
        play=model_fails(ModelFault.hang()),
        fallbacks=TOO_LATE,
        options=_IMPATIENT,
    ),
    Fault(
        name="AI: answers, but later than it may",
        mixes=False,
        seen="small machines",
        play=model_fails(ModelFault.slow(60)),
        fallbacks=TOO_LATE,
        options=_IMPATIENT,
    ),
    Fault(
        name="AI: not a word",
        seen="LLM Vision #547",
        play=model_fails(ModelFault.empty()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: garbage",
        seen="small models",
        play=model_fails(ModelFault.garbage()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: JSON of another shape",
        seen="small models",
        play=model_fails(ModelFault.unfit()),
        fallbacks=UNUSABLE,
    ),
    Fault(
        name="AI: out of tokens in the middle of its JSON",
        seen="LLM Vision #648",
        play=model_fails(ModelFault.unfinished()),
        fallbacks=ERROR,
    ),
    Fault(
        name="AI: a refusal",
        seen="users of guarded models",
        play=model_fails(ModelFault.refusal()),
        fallbacks=REFUSED,
    ),
)

OPENAI_REFUSES = Fault(name="OpenAI refuses", seen="OpenAI's refusals", fallbacks=ERROR)
ANTHROPIC_BUSY = Fault(
    name="Anthropic is overloaded", seen="Anthropic's status 529", fallbacks=ERROR
)
GOOGLE_BLOCKS = Fault(
    name="Google blocks the answer", seen="Google's safety filters", fallbacks=ERROR
)
VENDORS = {
    OPENAI_REFUSES: ("openai_conversation", ModelFault.refusal()),
    ANTHROPIC_BUSY: ("anthropic", ModelFault.error(529)),
    GOOGLE_BLOCKS: ("google_generative_ai_conversation", ModelFault.refusal()),
}

OFF = Fault(name="AI: its server is switched off", seen="users")
REMOVED = Fault(name="AI: removed", seen="users")

ODD_AGENTS = (*VENDORS, OFF, REMOVED)
