"""The simulated model, asked by Ollama's own client."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
import json
from typing import Any

import aiohttp
import httpx
import ollama
import pytest

from simulator.model import Failure, Model, ModelFault
from simulator.model.schema import Json, SchemaTooDeepError, fill

from .stills import CAMERA, START, picture

MODEL = "llava:latest"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "description": {"type": "string"},
        "importance": {"type": "string", "enum": ["low", "medium", "high"]},
        "people": {"type": "integer"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
}


@pytest.fixture
async def client(model: Model) -> AsyncGenerator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host=model.url) as client:
        yield client


async def ask(
    client: ollama.AsyncClient,
    *images: bytes,
    prompt: str = "What happens?",
    form: dict[str, Any] | None = SCHEMA,
) -> str:
    """Return the words of a streamed answer, as core asks for them."""
    message = ollama.Message(
        role="user", content=prompt, images=[ollama.Image(value=each) for each in images]
    )
    stream = await client.chat(MODEL, [message], stream=True, format=form)
    return "".join([part.message.content or "" async for part in stream])


async def told(client: ollama.AsyncClient, *images: bytes) -> dict[str, Any]:
    answer = json.loads(await ask(client, *images))
    assert isinstance(answer, dict)
    return answer


# -- looking


async def test_a_red_and_a_blue_figure_give_different_titles(client: ollama.AsyncClient) -> None:
    red, blue = await told(client, picture("red")), await told(client, picture("blue"))

    assert red["title"] == "A person in red walks past Front door"
    assert blue["title"] == "A person in blue walks past Front door"


async def test_the_answer_has_the_fields_of_the_schema_and_no_others(
    client: ollama.AsyncClient,
) -> None:
    answer = await told(client, picture("red", "green"))

    assert answer == {
        "title": "2 people in green and red walk past Front door",
        "description": "1 picture (640x360) of Front door at 08:30:19.0 UTC: "
        "a person in green is in the middle; a person in red is in the middle.",
        "importance": "high",
        "people": 2,
        "confidence": 0.95,
    }


async def test_an_empty_picture_shows_nobody(client: ollama.AsyncClient) -> None:
    answer = await told(client, picture())

    assert answer["title"] == "Nobody in sight at Front door"
    assert (answer["people"], answer["importance"]) == (0, "low")


async def test_pictures_are_told_in_the_order_of_their_time(client: ollama.AsyncClient) -> None:
    answer = await told(client, *(picture("red", second=second) for second in (7, 1, 4)))

    assert answer["description"] == (
        "3 pictures (640x360) of Front door over 6.0 s, 08:30:16.0 to 08:30:22.0 UTC: "
        "a person in red, first on the left, then on the right."
    )
    assert answer["people"] == 1


async def test_without_a_picture_the_words_are_all_it_knows(client: ollama.AsyncClient) -> None:
    answer = json.loads(await ask(client, prompt="The camera saw a vehicle and a person."))

    assert answer["title"] == "A person and a vehicle detected"
    assert answer["description"].startswith("No picture was shown.")
    assert answer["confidence"] < 0.5


async def test_a_call_tells_what_was_shown_and_asked(
    model: Model, client: ollama.AsyncClient
) -> None:
    still = picture("red")

    await ask(client, still, prompt="What happens?")

    (call,) = model.calls
    assert (call.model, call.prompt, call.format) == (MODEL, "What happens?", SCHEMA)
    assert call.image_bytes == (still,)
    assert [(each.camera_name, each.at, each.colours) for each in call.images] == [
        (CAMERA, START + timedelta(seconds=4), ("red",))
    ]


async def test_only_the_last_calls_are_kept_but_all_are_counted(loopback: None) -> None:
    async with Model(keep_calls=2) as model, ollama.AsyncClient(host=model.url) as client:
        for number in range(3):
            await ask(client, prompt=str(number))

        assert [each.prompt for each in model.calls] == ["1", "2"]
        assert model.call_count == 3


async def test_pictures_of_answered_turns_are_not_looked_at_again(
    model: Model, client: ollama.AsyncClient
) -> None:
    first = ollama.Message(role="user", content="1", images=[ollama.Image(value=picture("red"))])
    answered = ollama.Message(role="assistant", content="A person in red.")
    second = ollama.Message(role="user", content="2", images=[ollama.Image(value=picture("blue"))])
    system = ollama.Message(role="system", content="Be brief.")

    reply = await client.chat(MODEL, [system, first, answered, second])

    assert "in blue" in (reply.message.content or "")
    assert model.calls[0].prompt == "2"
    assert model.calls[0].system == "Be brief."
    assert [each.colours for each in model.calls[0].images] == [("blue",)]


async def test_in_a_conversation_json_comes_in_a_fence(client: ollama.AsyncClient) -> None:
    answer = await ask(client, picture("red"), prompt="Answer as JSON object.", form=None)

    before, fenced, after = answer.split("```")
    assert before.strip()
    assert not after
    assert json.loads(fenced.removeprefix("json"))["title"].startswith("A person in red")


# -- the structure


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "unknown"),
        ({"type": "string", "maxLength": 3}, "unk"),
        ({"type": "integer", "minimum": 3}, 3),
        ({"type": "number", "maximum": -1}, -1),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": ["string", "null"]}, None),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, None),
        ({"const": 0}, 0),
        ({"enum": ["a", "b"]}, "a"),
    ],
)
def test_a_field_nobody_knows_is_filled_by_its_type(
    schema: Mapping[str, Json], expected: Json
) -> None:
    assert fill({"type": "object", "properties": {"x": schema}}, {}) == {"x": expected}


@pytest.mark.parametrize(
    ("schema", "fact", "expected"),
    [
        ({"type": "string"}, 2, "2"),
        ({"type": "string"}, ["red", "blue"], "red, blue"),
        ({"type": ["integer", "null"]}, 2, 2),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "red", "red"),
        ({"type": "array", "items": {"type": "string"}}, ["red"], ["red"]),
        ({"type": "array", "items": {"enum": ["red"]}}, ["red", "blue"], ["red"]),
        ({"type": "integer"}, "many", 0),
        ({"enum": ["low", "high"]}, "high", "high"),
        ({"properties": {"x": {"type": "string"}}}, "red", {"x": "red"}),
    ],
)
def test_a_known_field_is_made_to_fit(
    schema: Mapping[str, Json], fact: Json, expected: Json
) -> None:
    assert fill({"type": "object", "properties": {"x": schema}}, {"x": fact}) == {"x": expected}


def test_a_bottomless_schema_is_refused() -> None:
    schema: dict[str, Json] = {"type": "string"}
    for _ in range(20):
        schema = {"type": "object", "properties": {"x": schema}}

    with pytest.raises(SchemaTooDeepError):
        fill(schema, {})


# -- the protocol


async def test_models_are_listed_shown_and_pulled(client: ollama.AsyncClient) -> None:
    assert [each.model for each in (await client.list()).models] == [MODEL]
    assert "vision" in ((await client.show(MODEL)).capabilities or ())

    await client.pull("other:latest")

    assert [each.model for each in (await client.list()).models] == [MODEL, "other:latest"]
    with pytest.raises(ollama.ResponseError, match="not found"):
        await client.show("unknown")


async def test_a_model_that_is_not_there_is_not_found(client: ollama.AsyncClient) -> None:
    with pytest.raises(ollama.ResponseError, match="not found") as caught:
        await client.chat("unknown", [])
    assert caught.value.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"[]",
        b'{"model": "llava:latest", "messages": "hello"}',
        b'{"model": "llava:latest", "messages": [{"role": "user", "content": 1}]}',
        b'{"model": "llava:latest", "messages": [{"role": "user", "images": ["%"]}]}',
        b'{"model": "llava:latest", "messages": [{"role": "user", "images": ["aGVsbG8="]}]}',
        b'{"model": "llava:latest", "format": 1}',
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(model: Model, body: bytes) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{model.url}/api/chat", data=body) as response,
    ):
        assert response.status == 400
        assert "error" in await response.json()
    assert model.calls == []


# -- faults


async def test_an_error_lasts_for_as_many_calls_as_are_told(
    model: Model, client: ollama.AsyncClient
) -> None:
    model.fault = ModelFault.error(503, calls=2)

    for _ in range(2):
        with pytest.raises(ollama.ResponseError) as caught:
            await ask(client)
        assert caught.value.status_code == 503
    assert json.loads(await ask(client))
    assert len(model.calls) == 3


async def test_a_hanging_model_lets_go_when_the_client_gives_up(
    model: Model, client: ollama.AsyncClient
) -> None:
    model.fault = ModelFault.hang()
    question = asyncio.create_task(ask(client))
    await model.wait_for(lambda: len(model.calls) == 1)
    assert model.open_requests == 1

    question.cancel()

    await model.wait_for(lambda: model.open_requests == 0)


async def test_a_hanging_model_can_be_closed(loopback: None) -> None:
    async with Model() as model:
        model.fault = ModelFault.hang()
        client = ollama.AsyncClient(host=model.url)
        question = asyncio.create_task(ask(client))
        await model.wait_for(lambda: len(model.calls) == 1)

    async with client:
        with pytest.raises(ollama.ResponseError):
            await question
    assert model.open_requests == 0


async def test_a_slow_model_answers_rightly_in_the_end(
    model: Model, client: ollama.AsyncClient
) -> None:
    model.fault = ModelFault.slow(0.2)
    loop = asyncio.get_running_loop()
    before = loop.time()

    answer = await told(client, picture("red"))

    assert "in red" in answer["title"]
    assert loop.time() - before >= 0.2


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (ModelFault.empty(), ""),
        (ModelFault.unfit(), '{"weather": "sunny", "temperature": 21}'),
        (ModelFault.refusal(), "\"I'm sorry, but I can't help with that request.\""),
    ],
)
async def test_a_useless_answer_is_what_was_told(
    model: Model, client: ollama.AsyncClient, fault: ModelFault, answer: str
) -> None:
    model.fault = fault

    assert await ask(client, picture("red")) == answer


async def test_garbage_is_no_json(model: Model, client: ollama.AsyncClient) -> None:
    model.fault = ModelFault.garbage()

    with pytest.raises(json.JSONDecodeError):
        json.loads(await ask(client, picture("red")))


async def test_an_answer_out_of_tokens_ends_in_the_middle(
    model: Model, client: ollama.AsyncClient
) -> None:
    whole = await ask(client, picture("red"))
    model.fault = ModelFault.unfinished()

    assert await ask(client, picture("red")) == whole[: len(whole) // 2]


async def test_a_refusal_in_a_conversation_is_plain_text(
    model: Model, client: ollama.AsyncClient
) -> None:
    model.fault = ModelFault.refusal()

    assert (await ask(client, form=None)).startswith("I'm sorry")


# The client's generators are closed whenever the garbage collector comes to them, which may be
# while the test ends: a task of the client's then, not of ours.
@pytest.mark.parametrize("expected_lingering_tasks", [True])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (ModelFault.error_midway(), ollama.ResponseError),
        (ModelFault.cut_off(), httpx.RemoteProtocolError),
        (ModelFault.broken(), json.JSONDecodeError),
        (ModelFault.left(), httpx.RemoteProtocolError),
    ],
)
async def test_an_answer_that_breaks_off_is_an_error_for_the_client(
    model: Model, client: ollama.AsyncClient, fault: ModelFault, error: type[Exception]
) -> None:
    model.fault = fault

    with pytest.raises(error):
        await ask(client)
    await model.wait_for(lambda: model.open_requests == 0)


def test_every_failure_has_its_own_word() -> None:
    for failure in Failure:
        make = getattr(ModelFault, failure.name.lower())
        fault = make(1.0) if failure is Failure.SLOW else make()
        assert fault.failure is failure


async def test_waiting_in_vain_tells_what_the_model_knows(model: Model) -> None:
    with pytest.raises(TimeoutError, match="asked 0 times"):
        await model.wait_for(lambda: False, timeout=0.01)
