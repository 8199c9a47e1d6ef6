"""What the watchman makes of what he sees, without a home."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce

import pytest

from custom_components.protect_narrator.pipeline.models import (
    Fallback,
    FallbackDetail,
    FallbackReason,
    Medium,
    Phase,
    Sighting,
)
from custom_components.protect_narrator.protect import Ways, WayState
from custom_components.protect_narrator.watch import (
    AGENT_LOSSES,
    UNTOLD_LIVE,
    Context,
    Facts,
    Kind,
    Worry,
    after,
    quiet_since,
    worries,
)

from .sightings import START, sighting

AGENT = "ai_task.one"
MAC = "F4E2C6000001"
CONTEXT = Context(
    chosen=frozenset({AGENT}),
    preferred="",
    mac=MAC,
    agents_count=True,
    log_in_refused=False,
    listening_since=START - timedelta(minutes=1),
)


def answered(**changed: object) -> Sighting:
    """A Sighting with a clip and an agent's words."""
    good = replace(sighting(), chosen=AGENT, asked=AGENT)
    words = replace(good.description, agent_id=AGENT)
    return replace(good, clip_attempts=1, description=words, **changed)  # type: ignore[arg-type]


def lost(*fallbacks: tuple[FallbackReason, FallbackDetail], **changed: object) -> Sighting:
    """A Sighting without any of it."""
    return replace(
        replace(sighting(), chosen=AGENT, asked=AGENT),
        medium=Medium.NONE,
        fallbacks=tuple(Fallback(*each) for each in fallbacks),
        **changed,  # type: ignore[arg-type]
    )


FAILED = lost((FallbackReason.AGENT_FAILED, FallbackDetail.AGENT_ERROR))
MISSED = lost((FallbackReason.AGENT_UNAVAILABLE, FallbackDetail.AGENT_MISSING))
SPENT = lost((FallbackReason.BUDGET_EXHAUSTED, FallbackDetail.OVER_BUDGET))
REFUSED = lost((FallbackReason.QUEUE_FULL, FallbackDetail.OVERLOAD))
CLOSED = lost((FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.NO_ACCESS), clip_attempts=1)
FULL = lost((FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.DISK_FULL))
BROKEN = lost((FallbackReason.SNAPSHOT_UNAVAILABLE, FallbackDetail.STORAGE_ERROR))


def seen(*sightings: Sighting, facts: Facts | None = None, context: Context = CONTEXT) -> Facts:
    """Return what is known after these."""
    return reduce(lambda known, each: after(known, each, context), sightings, facts or Facts())


def kinds(facts: Facts) -> set[Kind]:
    return {worry.kind for worry in worries(facts)}


# -- the agent


@pytest.mark.parametrize(
    ("loss", "kind"), [(FAILED, Kind.AGENT_FAILING), (MISSED, Kind.AGENT_MISSING)]
)
def test_an_agent_that_fails_five_times_in_a_row_is_a_worry(loss: Sighting, kind: Kind) -> None:
    assert not worries(seen(*[loss] * (AGENT_LOSSES - 1)))
    assert worries(seen(*[loss] * AGENT_LOSSES)) == {Worry(kind=kind, agent=AGENT)}


def test_an_answer_in_between_ends_the_row() -> None:
    assert not worries(seen(*[FAILED] * 4, answered(), *[FAILED] * 4))
    assert not worries(seen(*[FAILED] * 9, answered()))


def test_what_was_not_asked_neither_counts_nor_ends_the_row() -> None:
    assert not worries(seen(*[SPENT, REFUSED] * 9))
    assert kinds(seen(*[FAILED, SPENT, REFUSED] * AGENT_LOSSES)) == {Kind.AGENT_FAILING}


def test_the_worry_says_what_was_wrong_the_last_time() -> None:
    assert kinds(seen(*[FAILED] * 4, MISSED)) == {Kind.AGENT_MISSING}


def test_agents_that_come_late_after_a_restart_are_none() -> None:
    starting = replace(CONTEXT, agents_count=False)
    facts = seen(*[MISSED] * 20, context=starting)
    assert not worries(facts)
    assert not worries(seen(*[MISSED] * 4, facts=facts))
    assert worries(seen(*[MISSED] * 5, facts=facts))


def test_an_agent_that_works_does_not_hide_one_that_does_not() -> None:
    context = replace(CONTEXT, chosen=frozenset({AGENT, "ai_task.other"}))
    failed = replace(FAILED, chosen="ai_task.other", asked="ai_task.other")
    facts = seen(*[answered(), failed] * AGENT_LOSSES, context=context)
    assert worries(facts) == {Worry(kind=Kind.AGENT_FAILING, agent="ai_task.other")}


def test_first_words_show_that_an_agent_answers() -> None:
    first = answered(revision=0, phase=Phase.FIRST)
    assert not worries(seen(*[FAILED] * 5, first))


def test_more_agents_than_any_home_has_are_not_counted() -> None:
    facts = Facts()
    for number in range(100):
        agent = f"ai_task.{number}"
        context = replace(CONTEXT, chosen=frozenset({agent}))
        facts = seen(replace(FAILED, chosen=agent, asked=agent), facts=facts, context=context)
    assert len(facts.agents) == 32


def test_who_is_chosen_no_more_is_neither_blamed_nor_proved() -> None:
    successor = replace(CONTEXT, chosen=frozenset({"ai_task.other"}))
    assert not seen(*[FAILED] * AGENT_LOSSES, context=successor).agents
    failing = seen(*[FAILED] * AGENT_LOSSES)
    assert seen(answered(), facts=failing, context=successor).agents == failing.agents


PREFERS = replace(CONTEXT, chosen=frozenset({""}), preferred=AGENT)
NEXT = replace(PREFERS, preferred="ai_task.next")


@pytest.mark.parametrize("loss", [FAILED, replace(MISSED, asked=None)])
def test_the_preferred_agent_is_counted_as_such(loss: Sighting) -> None:
    loss = replace(loss, chosen=None)
    assert {worry.agent for worry in worries(seen(*[loss] * AGENT_LOSSES, context=PREFERS))} == {""}


def test_what_the_formerly_preferred_agent_lost_is_not_held_against_its_successor() -> None:
    former = replace(FAILED, chosen=None)
    successor = replace(former, asked="ai_task.next")
    facts = seen(*[former] * (AGENT_LOSSES - 1), context=PREFERS)
    facts = seen(*[former] * AGENT_LOSSES, facts=facts, context=NEXT)
    facts = seen(*[successor] * (AGENT_LOSSES - 1), facts=facts, context=NEXT)
    assert not worries(facts)
    assert worries(seen(successor, facts=facts, context=NEXT))


def test_an_answer_of_the_formerly_preferred_agent_proves_nothing_of_its_successor() -> None:
    failing = seen(
        *[replace(FAILED, chosen=None, asked="ai_task.next")] * AGENT_LOSSES, context=NEXT
    )
    assert worries(seen(answered(chosen=None), facts=failing, context=NEXT))
    assert not worries(
        seen(answered(chosen=None, asked="ai_task.next"), facts=failing, context=NEXT)
    )


# -- recordings and the media folder


def test_recordings_that_may_not_be_read_are_a_worry_until_a_clip_of_that_camera_comes() -> None:
    facts = seen(CLOSED)
    assert worries(facts) == {Worry(kind=Kind.NO_MEDIA_ACCESS, cameras=frozenset({MAC}))}
    another = replace(CONTEXT, mac="F4E2C6000002")
    assert worries(seen(answered(), facts=facts, context=another)) == worries(facts)
    assert not worries(seen(answered(), facts=facts))


def test_a_log_in_that_is_refused_says_nothing_of_recordings() -> None:
    assert not worries(seen(CLOSED, context=replace(CONTEXT, log_in_refused=True)))


@pytest.mark.parametrize(("loss", "kind"), [(FULL, Kind.DISK_FULL), (BROKEN, Kind.MEDIA_FOLDER)])
def test_a_media_folder_that_takes_nothing_is_a_worry_until_a_clip_was_stored(
    loss: Sighting, kind: Kind
) -> None:
    facts = seen(loss)
    assert kinds(facts) == {kind}
    # Without a clip it proves nothing: a picture may still have had room.
    assert kinds(seen(replace(answered(), medium=Medium.SNAPSHOT), facts=facts)) == {kind}
    assert not kinds(seen(answered(), facts=facts))


def test_a_full_disk_that_turns_out_broken_is_one_worry() -> None:
    assert kinds(seen(FULL, BROKEN)) == {Kind.MEDIA_FOLDER}


# -- what is heard


def late(**changed: object) -> Sighting:
    return replace(answered(), detection=replace(sighting().detection, late=True, **changed))  # type: ignore[arg-type]


ONE_WAY = Ways(private=WayState.OPEN, public=WayState.UNUSED)
BOTH_WAYS = Ways(private=WayState.OPEN, public=WayState.OPEN)


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        (ONE_WAY, {Kind.API_KEY_MISSING}),
        (BOTH_WAYS, {Kind.NEVER_LIVE}),
        (replace(BOTH_WAYS, public=WayState.REFUSED), {Kind.API_KEY_REFUSED}),
    ],
)
def test_three_in_a_row_that_no_open_websocket_told_are_a_worry(
    ways: Ways, told: set[Kind]
) -> None:
    facts = Facts(ways=ways)
    before = seen(*[late()] * (UNTOLD_LIVE - 1), facts=facts)
    assert kinds(before) == told - {Kind.API_KEY_MISSING, Kind.NEVER_LIVE}
    facts = seen(*[late()] * UNTOLD_LIVE, facts=facts)
    assert kinds(facts) == told
    assert kinds(seen(answered(), facts=facts)) == told & {Kind.API_KEY_REFUSED}


def test_a_missing_api_key_alone_is_no_worry() -> None:
    assert not worries(seen(*[answered()] * 9, facts=Facts(ways=ONE_WAY)))


def test_what_began_in_a_gap_is_not_held_against_the_websocket() -> None:
    facts = Facts(ways=ONE_WAY)
    for since in (None, START + timedelta(seconds=1)):
        context = replace(CONTEXT, listening_since=since)
        assert not worries(seen(*[late()] * 9, facts=facts, context=context))


def test_what_somebody_asked_for_says_nothing_of_the_websockets() -> None:
    asked = late(requested=True)
    again = replace(answered(), revision=2)
    assert seen(late(), late(), asked, again).untold == 2
    assert seen(late(), late(), answered()).untold == 0


def test_a_detection_ends_the_quiet_and_one_that_was_asked_for_does_not() -> None:
    quiet = Facts(quiet=True)
    assert kinds(quiet) == {Kind.NOTHING_HEARD}
    assert kinds(seen(late(requested=True), facts=quiet)) == {Kind.NOTHING_HEARD}
    assert not kinds(seen(answered(), facts=quiet))


@pytest.mark.parametrize(
    ("heard_days_ago", "away_minutes", "quiet_days"),
    [(4, 5, 4), (None, 5, 9), (4, 24 * 60, 0), (4, None, 4)],
)
def test_time_in_which_nothing_could_be_heard_does_not_count(
    heard_days_ago: int | None, away_minutes: int | None, quiet_days: int
) -> None:
    heard = None if heard_days_ago is None else START - timedelta(days=heard_days_ago)
    looked = None if away_minutes is None else START - timedelta(minutes=away_minutes)
    since = quiet_since(heard, START - timedelta(days=9), START, looked)
    assert START - since == timedelta(days=quiet_days)


# -- bugs


def test_a_bug_is_a_worry_that_no_sighting_ends() -> None:
    bug = lost((FallbackReason.INTERNAL_ERROR, FallbackDetail.BUG))
    assert kinds(seen(bug, answered())) == {Kind.INTERNAL_ERROR}


def test_a_good_day_is_no_worry() -> None:
    assert not worries(seen(*[answered()] * 9))
