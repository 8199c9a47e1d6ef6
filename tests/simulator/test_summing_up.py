"""A model that is told of many things sums them up, out of nothing but the words."""

from collections.abc import AsyncGenerator
import json
from typing import Any

import ollama
import pytest

from simulator.model import Model

MODEL = "llava:latest"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"description": {"type": "string"}}}


@pytest.fixture
async def client(model: Model) -> AsyncGenerator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host=model.url) as client:
        yield client


def thing(clock: str = "14:24:05", title: str = "A dog runs", day: int = 24, **more: object) -> str:
    when = f"2026-11-{day} {clock}"
    return json.dumps({"when": when, "camera": "Yard", "title": title, **more})


async def said(client: ollama.AsyncClient, *lines: str, form: dict[str, Any] | None = None) -> str:
    prompt = "\n".join(["You sum up what was seen.", "=====", *lines, "=====", "Be brief."])
    reply = await client.chat(MODEL, [ollama.Message(role="user", content=prompt)], format=form)
    return reply.message.content or ""


async def summary(client: ollama.AsyncClient, *lines: str) -> str:
    answer = json.loads(await said(client, *lines, form=SCHEMA))
    return str(answer["description"])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([thing()], "1 thing was seen. At 14:24 at Yard: A dog runs."),
        (
            [thing(), thing("15:10:00", "A cat sits.", camera="Pond")],
            "2 things were seen. At 14:24 at Yard: A dog runs; at 15:10 at Pond: A cat sits.",
        ),
        (
            [thing(), thing("15:00:00"), thing("16:00:00")],
            "3 things were seen. At 14:24 at Yard: A dog runs (and 2 more times).",
        ),
        (
            [thing(), thing("01:02:03", "A fox", day=25)],
            (
                "2 things were seen. On 2026-11-24 at 14:24 at Yard: A dog runs; "
                "on 2026-11-25 at 01:02 at Yard: A fox."
            ),
        ),
        ([thing() + ",", "", f"  {thing('15:00:00', 'A fox')}  "], "2 things were seen. At 14:24"),
        (['{"title": "A fox"}'], "1 thing was seen. A fox."),
        (['{"title": "A fox", "when": 5, "camera": null}'], "1 thing was seen. A fox."),
    ],
)
async def test_what_was_seen_is_told_in_a_few_sentences(
    client: ollama.AsyncClient, lines: list[str], words: str
) -> None:
    assert (await summary(client, *lines)).startswith(words)


async def test_of_many_the_most_important_are_told_and_the_others_counted(
    client: ollama.AsyncClient,
) -> None:
    lines = [
        thing(f"{hour:02}:00:00", f"Visit {hour}", importance="high" if hour > 8 else "low")
        for hour in range(12)
    ]

    words = await summary(client, *lines, thing("12:00:00", "A fox", camera="Pond"))

    begin, told, others = words.split(". ")
    assert begin == "13 things were seen"
    assert [each.split(": ")[1] for each in told.split("; ")] == [
        f"Visit {number}" for number in (0, 9, 10, 11)
    ]
    assert others == "9 more were seen at Yard, Pond."


async def test_however_much_it_is_told_of_it_says_little(client: ollama.AsyncClient) -> None:
    lines = [thing(title=f"{number} {'x' * 900}", camera=f"{number} " * 50) for number in range(99)]

    assert len(await summary(client, *lines)) < 1000


async def test_without_a_form_it_says_the_same(client: ollama.AsyncClient) -> None:
    assert (
        await said(client, thing()) == "A dog runs. 1 thing was seen. At 14:24 at Yard: A dog runs."
    )


@pytest.mark.parametrize(
    "line", ['{"weather": "sunny"}', '{"title": ', "[1]", '{"title": ""}', '{"a":' * 100_000]
)
async def test_what_is_no_data_is_not_summed_up(client: ollama.AsyncClient, line: str) -> None:
    assert (await summary(client, line)).startswith("No picture was shown.")
