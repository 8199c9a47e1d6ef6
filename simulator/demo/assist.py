"""Assist, set up and asked as its owner would: by its settings, and by its dialog."""

from collections.abc import Sequence

from simulator.model import Model

from .client import Client, Json, Websocket, until
from .errors import DemoError

# The recorder commits every second; a slow machine needs more.
_TOLD_TIMEOUT = 20.0
# A model of somebody's own thinks as long as it likes, but not for ever.
_ANSWER_TIMEOUT = 120.0


async def set_up_assist(client: Client, websocket: Websocket, entry_id: str, model: str) -> None:
    """Let an agent of core's Ollama entry, with Home Assistant's tools, answer in Assist.

    Raises DemoError.
    """
    options = {"name": "Local AI", "model": model, "llm_hass_api": ["assist"]}
    await client.config_flow(
        [entry_id, "conversation"], {"set_options": options}, kind="subentries/flow"
    )

    async def entity() -> str | None:
        for each in await websocket.call("config/entity_registry/list"):
            if each["platform"] == "ollama" and each["entity_id"].startswith("conversation."):
                return str(each["entity_id"])
        return None

    engine = await until(entity, "core's Ollama integration made no agent", _TOLD_TIMEOUT)
    pipelines = await websocket.call("assist_pipeline/pipeline/list")
    preferred = pipelines["preferred_pipeline"]
    (pipeline,) = [each for each in pipelines["pipelines"] if each["id"] == preferred]
    changed = {**pipeline, "name": "Local AI", "conversation_engine": engine}
    del changed["id"]
    await websocket.call("assist_pipeline/pipeline/update", pipeline_id=preferred, **changed)


async def expose_cameras(websocket: Websocket) -> None:
    """Expose what each camera saw last to Assist, as by the switches in its settings.

    Home Assistant exposes no such sensors by itself. Raises DemoError.
    """
    sensors = [
        each["entity_id"]
        for each in await websocket.call("config/entity_registry/list")
        if each["platform"] == "protect_narrator" and each["translation_key"] == "last_sighting"
    ]
    if not sensors:
        raise DemoError("the integration made no sensor that could be exposed")
    await websocket.call(
        "homeassistant/expose_entity",
        assistants=["conversation"],
        entity_ids=sensors,
        should_expose=True,
    )


async def ask(websocket: Websocket, question: str) -> str:
    """Return what Assist answers; raises DemoError with the reason where it does not."""
    told = await websocket.follow(
        "assist_pipeline/run",
        start_stage="intent",
        end_stage="intent",
        input={"text": question},
        timeout=_ANSWER_TIMEOUT,
    )
    while True:
        event = await told.get()
        if "intent_output" in event:
            response = event["intent_output"]["response"]
            return str(response["speech"]["plain"]["speech"])
        if "code" in event:
            raise DemoError(f"Assist fails: {event['code']}: {event.get('message')}")


async def ask_of(
    websocket: Websocket, sightings: Sequence[Json], model: Model | None
) -> tuple[str, str]:
    """Ask what happened where the last Sighting was; return the question and the answer.

    Ours has to tell of it, as soon as the recorder has it; raises DemoError. What somebody's
    own model says is his.
    """
    last = sightings[-1]
    question = f"What happened at the {last['camera_name'].lower()}?"
    if model is None:
        return question, await ask(websocket, question)
    # What was to go wrong has done so.
    model.fault = None

    async def answer() -> str | None:
        said = await ask(websocket, question)
        return said if last["title"] in said else None

    return question, await until(answer, "Assist did not tell of what was seen", _TOLD_TIMEOUT)
