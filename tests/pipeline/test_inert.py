"""Words that people read do nothing where they are shown, and can still be read."""

# ruff: noqa: RUF001 - characters that look like others are the point

from html import escape, unescape
from html.entities import html5
import unicodedata

from hypothesis import example, given, settings, strategies as st
from markdown_it import MarkdownIt
import pytest

from custom_components.protect_narrator.pipeline.text import inert

_MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True, "breaks": True})

_LOUD = st.sampled_from(
    [
        *"<>{}[]()`*_~|\\#-+=!&@:;/.1 \n\t\"'\0\u200b\u202e\u2028\u00a0",
        "www.", "http://", "https://", "://", "&lt;", "&#60;", "{{", "}}", "{%", "%}", "```",
        "~~~", "---", "===", "- ", "1. ", "2) ", "# ", "> ", "![", "](", "a@b.c", "@all", "<b>",
        "</script>", "<!--", "    ", "x", "a_b", "_a_", "**", "[^1]: ", "|-|-|", "\\",
    ]
)  # fmt: skip
_ENTITIES = st.sampled_from([f"&{name}" for name in html5] + ["&#60", "&#x3C;", "&#X3c", "&"])
_TEXTS = st.text() | st.lists(_LOUD | st.text(max_size=2), max_size=30).map("".join)


def inert_(text: str) -> str:
    """Make it inert as a description would be."""
    return inert(text, 1000)


@given(_TEXTS)
@example("# A heading")
@example("-")
@example("= =")
@example("a @" + "x" * 2000)
@settings(max_examples=2000)
def test_any_text_is_one_plain_paragraph_of_itself(text: str) -> None:
    line = inert_(text)

    shown = _MARKDOWN.render(line)

    assert shown == (f"<p>{escape(line, quote=False)}</p>\n".replace('"', "&quot;") if line else "")
    assert not set(line) & set("<{}[]`*_~|\\")


@given(_TEXTS)
@settings(max_examples=1000)
def test_nothing_in_it_would_be_made_a_link(text: str) -> None:
    line = inert_(text).casefold()

    for begins in ("://", "www.", "@"):
        for after in line.split(begins)[1:]:
            assert not after[:1].isalnum()
            assert after[:1] != "-"


@given(_TEXTS | st.lists(_ENTITIES | st.text(max_size=2), max_size=9).map("".join))
@settings(max_examples=1000)
def test_a_browser_reads_it_as_it_is(text: str) -> None:
    line = inert_(text)

    assert unescape(line) == line


@given(_TEXTS, st.integers(1, 60))
@settings(max_examples=1000)
def test_it_is_no_longer_than_asked_and_stays_as_it_is(text: str, longest: int) -> None:
    line = inert(text, longest)

    assert len(line) <= longest
    assert inert(line, longest) == line


@given(_TEXTS)
@settings(max_examples=500)
def test_normalising_brings_nothing_back(text: str) -> None:
    line = inert_(text)

    for form in ("NFC", "NFKC"):
        before, after = set(line), set(unicodedata.normalize(form, line))
        # A full-width bracket from outside is one, but none comes from us.
        loud = (after - before) & set("<{}[]`*_~|\\")
        assert all(any(mark in unicodedata.normalize(form, each) for each in text) for mark in loud)


@pytest.mark.parametrize(
    "text",
    [
        "A man's coat, 5 > 3, costs $12.50 (or 10 €) at 12:30, No. 5 & sons; AT&T.",
        "Ein Mann geht zur Tür; über 20 % der Fläche: „Grüß Gott“ – 3 + 4 = 7.",
        "Une voiture s'arrête : « Livraison » ! L'homme sonne à 8h.",
        "一个人走近门口。他按了门铃！",
        "दरवाज़े पर एक व्यक्ति है।",
        "شخص يقف عند الباب؟",
        "Ко двору подъезжает машина № 5.",
        "玄関に人がいます。「宅配便」と書かれた箱。",
        'A sign says "Fresh eggs #1", 2-3 boxes, photo.jpg, and/or 10^2, e.g. 50%.',
        "👨‍👩‍👧 walk by.",
        "Q&A; R&D; H&M&K, Müller&Söhne; rock&roll",
    ],
)
def test_what_people_write_is_left_as_it_is(text: str) -> None:
    assert inert_(text) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("license_plate", "licenseˍplate"),
        ("4*5 ~ 20", "4∗5 ∼ 20"),
        ("<b>Look</b>", "‹b>Look‹/b>"),
        ("[Click](http://evil.example)", "(Click)(http: //evil.example)"),
        ("![x](https://evil.example/x.png)", "!(x)(https: //evil.example/x.png)"),
        ("see WWW.evil.example", "see WWW. evil.example"),
        ("write to a@evil.example, @everyone", "write to a@ evil.example, @ everyone"),
        ("{{ states('lock.door') }} {% if %}", "(( states('lock.door') )) (% if %)"),
        ("1. A man", "1.\u200c A man"),
        ("5. März", "5.\u200c März"),
        ("2. Besucher am Tor", "2.\u200c Besucher am Tor"),
        ("3) A man", "3)\u200c A man"),
        ("7.", "7.\u200c"),
        ("a@-b.com", "a@ -b.com"),
        ("&copy 2024, &lt b, &#60b, &#x3cb", "& copy 2024, & lt b, & #60b, & #x3cb"),
        ("&ltimg", "& ltimg"),
        ("- a\n- b", "– a - b"),
        ("# A man #1", "♯ A man #1"),
        ("> A man > a boy", "› A man > a boy"),
        ("---", "–––"),
        ("&lt;script&gt;", "& lt;script& gt;"),
        ("`rm -rf`", "'rm -rf'"),
        ("C:\\temp\\x.jpg", "C:∖temp∖x.jpg"),
        ("a | b", "a ¦ b"),
        ("clear_notification", "clearˍnotification"),
    ],
)
def test_what_would_do_something_can_still_be_read(text: str, read: str) -> None:
    assert inert_(text) == read
