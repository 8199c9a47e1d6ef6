"""A traceback tells a developer where, and nobody what came from outside."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from custom_components.protect_narrator.pipeline import blame as room
from custom_components.protect_narrator.pipeline.blame import cautious_logger, frames_of
from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail

# A plate that could as well be a name in a program.
MARK = "PLATE123"

LEFT_OUT = "(what it says is left out)"


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what stands in this file for our own source."""
    monkeypatch.setattr(room, "_OURS", __name__)


def raised(work: Callable[[], object]) -> BaseException:
    try:
        work()
    except BaseException as err:  # noqa: BLE001 - whatever it is
        return err
    raise AssertionError("nothing was raised")


def read_a_key(data: dict[str, Any]) -> object:
    return data["camera_id"]


def read_that_key(data: dict[str, Any], key: object) -> object:
    return data[key]  # type: ignore[index]


def call_wrongly(text: str) -> object:
    return read_a_key(text, wishes=text)  # type: ignore[call-arg, arg-type]


def read_an_attribute(value: object) -> object:
    return value.camera_id  # type: ignore[attr-defined]


def add(one: Any, other: Any) -> object:
    return one + other


def raise_it(err: BaseException) -> object:
    raise err


def chained(outer: BaseException, inner: BaseException) -> object:
    try:
        return raise_it(inner)
    except BaseException as err:
        raise outer from err


def in_context(outer: BaseException, inner: BaseException) -> object:
    try:
        return raise_it(inner)
    except BaseException:  # noqa: BLE001 - whatever it is
        raise outer  # noqa: B904 - that is what is looked at


def dig(depth: int) -> object:
    return dig(depth - 1) if depth else int(MARK)


def last_line(err: BaseException) -> str:
    return frames_of(err).splitlines()[-1]


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda: read_a_key({}), "KeyError: 'camera_id'"),
        (lambda: read_an_attribute(None), "'NoneType' object has no attribute 'camera_id'"),
        (lambda: call_wrongly(MARK), "got an unexpected keyword argument 'wishes'"),
        (lambda: add(1, MARK), "unsupported operand type(s) for +: 'int' and 'str'"),
        (lambda: undefined_name, "name 'undefined_name' is not defined"),  # type: ignore[name-defined]  # noqa: F821
    ],
)
def test_what_a_developer_needs_of_a_bug_stays(work: Callable[[], object], told: str) -> None:
    assert told in last_line(raised(work))


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    "work",
    [
        lambda: read_that_key({}, MARK),
        lambda: read_that_key({}, (MARK,)),
        lambda: int(MARK),
        lambda: float(MARK),
        lambda: getattr(None, MARK),
        # Wrong on purpose, each: what a bug passes is what its message would repeat.
        lambda: read_a_key(**{MARK: 1}),  # type: ignore[arg-type]
        lambda: read_a_key(**{f"O'Brien {MARK}": 1}),  # type: ignore[arg-type]
        lambda: read_a_key(**{f"data'{MARK}": 1}),  # type: ignore[arg-type]
        lambda: read_a_key(**{f"data' {MARK} 'data": 1}),  # type: ignore[arg-type]
        lambda: read_a_key(**{f'data\' and "data" {MARK}': 1}),  # type: ignore[arg-type]
        lambda: getattr(None, f"camera_id' {MARK} "),
        lambda: raise_it(KeyError(MARK)),
        lambda: raise_it(TypeError(f"not a {MARK}")),
        lambda: raise_it(AttributeError(MARK)),
        lambda: raise_it(RuntimeError(MARK)),
        lambda: raise_it(OSError(2, MARK, MARK)),
        lambda: raise_it(UnicodeDecodeError("utf-8", MARK.encode(), 0, 1, MARK)),
        lambda: raise_it(type("Odd", (Exception,), {"__str__": lambda _self: MARK})()),
        lambda: chained(ValueError("x"), ValueError(MARK)),
        lambda: in_context(ValueError("x"), ValueError(MARK)),
        lambda: raise_it(ExceptionGroup(MARK, [ValueError(MARK), KeyError(MARK)])),
    ],
)
def test_what_came_from_outside_does_not(work: Callable[[], object]) -> None:
    err = raised(work)
    err.add_note(MARK)
    assert MARK not in frames_of(err)


def test_of_anybody_elses_errors_no_word_stays() -> None:
    for work in (lambda: read_a_key({}), lambda: read_an_attribute(None)):
        assert last_line(raised(work)).endswith(LEFT_OUT)


def test_our_own_errors_are_worded_by_us() -> None:
    err = raised(lambda: raise_it(MediaError(FallbackDetail.TIMEOUT, "no picture in time")))
    assert last_line(err).endswith("errors.MediaError: no picture in time")


def test_every_frame_and_every_type_of_the_chain_is_told() -> None:
    text = frames_of(raised(lambda: chained(RuntimeError(MARK), ValueError(MARK))))
    assert text.count("Traceback (most recent call last):") == 2
    assert "ValueError" in text.split("direct cause of")[0]
    assert "RuntimeError" in text.split("direct cause of")[1]
    assert f'File "{__file__}", line ' in text
    assert ", in chained" in text


class RefusedError(Exception):
    """What a library of an AI service raises."""

    def __init__(self, **given: object) -> None:
        """Carry what is given."""
        super().__init__(MARK)
        vars(self).update(given)


@pytest.mark.parametrize("name", ["status_code", "status", "code"])
def test_the_number_of_a_refusal_stays(name: str) -> None:
    assert last_line(RefusedError(**{name: 429})).endswith(
        f"RefusedError: {LEFT_OUT} (HTTP status 429)"
    )
    cause = frames_of(raised(lambda: chained(RuntimeError(MARK), RefusedError(**{name: 503}))))
    assert "(HTTP status 503)" in cause.split("direct cause of")[0]
    assert "HTTP status" not in cause.split("direct cause of")[1]


def test_the_first_name_that_holds_a_status_counts() -> None:
    assert last_line(RefusedError(status_code=-1, code=401)).endswith(" (HTTP status 401)")


@pytest.mark.parametrize("value", [MARK, "429", None, True, 99, 600, -1, 429.0, (429,)])
def test_what_is_no_status_does_not(value: object) -> None:
    assert last_line(RefusedError(status=value)).endswith(f"RefusedError: {LEFT_OUT}")


def test_no_code_of_an_exception_s_author_is_run_for_it() -> None:
    class OddError(Exception):
        @property
        def status(self) -> int:
            raise AssertionError("was asked")

    assert last_line(OddError()).endswith(f"OddError: {LEFT_OUT}")


def test_what_was_hidden_on_purpose_is_not_told() -> None:
    err = raised(lambda: in_context(ValueError(), KeyError()))
    err.__suppress_context__ = True
    assert "KeyError" not in frames_of(err)


def test_a_group_tells_each_of_its_own() -> None:
    group = BaseExceptionGroup("two", [ValueError(MARK), raised(lambda: int(MARK))])
    assert frames_of(group).count("ValueError") == 2


def test_an_endless_recursion_is_told_by_both_its_ends() -> None:
    lines = frames_of(raised(lambda: dig(500))).splitlines()
    assert len(lines) < 50
    assert any(" more" in line for line in lines)


def test_an_endless_chain_is_cut_off() -> None:
    def links() -> Iterator[ValueError]:
        while True:
            yield ValueError(MARK)

    last = first = next(links())
    for _, link in zip(range(500), links(), strict=False):
        last.__cause__ = link
        last = link
    assert len(frames_of(first).splitlines()) < 60


def test_an_exception_that_was_never_raised_has_a_type() -> None:
    assert frames_of(ValueError(MARK)) == f"ValueError: {LEFT_OUT}"


def test_a_logger_writes_where_it_was_and_not_what_was_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = cautious_logger("custom_components.protect_narrator.of_this_test")
    assert cautious_logger(logger.name) is logger
    try:
        int(MARK)
    except ValueError:
        logger.exception("%s of %s", "one", "two")

    (record,) = caplog.records
    assert record.getMessage().startswith("one of two\nTraceback (most recent call last):\n")
    assert record.getMessage().endswith(f"ValueError: {LEFT_OUT}")
    assert record.getMessage().count("ValueError") == 1
    assert MARK not in caplog.text
