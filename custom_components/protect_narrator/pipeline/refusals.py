"""What is said instead of an answer: refusals, error messages, and words for nothing.

A scene is told in the third person: an apology or an inability in the first person right at
the beginning is the agent's own. What merely cannot be seen ("I cannot make out the face, but
a man …") is an answer, and so are a man who says sorry and a broken window.
"""

import re

_PICTURES = r"(?:images?|pictures?|photos?|videos?|clips?|frames?|attachments?|files?)\b"
_PEOPLE = r"(?:(?:real|specific) )?(?:people|persons|individuals|faces)\b"

_HELPS = (
    "help|assist|comply|fulfil|process|generate|provide|answer|respond|engage|continue"
    "|do that|do this"
)
_LOOKS = "describe|identify|recogni[sz]e|interpret|discuss|analy[sz]e|view|see|access|open"
_CANNOT = "can(?:no|')t|can not|could ?n[o']t|unable to|not (?:able|allowed|permitted) to|won't"

# "I cannot help", "I can't see any images", "I cannot identify people"; but neither "I cannot
# identify the man, who …" nor "I cannot see anybody".
_UNABLE = (
    rf"(?:i|we)(?:'m| am|'re| are)? (?:{_CANNOT}|will not|must decline|decline) (?:\w+ )?(?:to )?"
    rf"(?:{_HELPS}|(?:{_LOOKS}) "
    rf"(?:{_PEOPLE}|(?:any |the |this |these |your |an? )*{_PICTURES}|(?:this|that|it)\W*\Z))"
)
_UNABLE_DE = (
    r"(?:leider )?(?:ich (?:kann|darf)|(?:kann|darf) ich)\W(?:\w+\W+){0,6}(?:nicht|kein\w*)\W+"
    r"(?:\w+\W+){0,3}(?:(?:weiter)?helfen|(?:be|ver)arbeiten|beantworten|identifizieren"
    r"|beschreiben|analysieren|unterstützen|erfüllen|erstellen)\b"
)
_UNABLE_FR = (
    r"je ne (?:peux|puis) (?:\w+ )?pas (?:\w+ ){0,2}"
    r"(?:aider|traiter|répondre|décrire|identifier|analyser|fournir|générer)\b"
)
_UNABLE_ES_PT_IT = (
    r"(?:no puedo|não posso|não consigo|non posso) (?:\w+ )?(?:ayudar|ajudar|aiutar|proces"
    r"|elabor|descri|identific|analizar|analisar|fornecer|proporcionar|fornire|gener|gerar)"
)

# At the beginning of a text in small letters; English, then the languages that agents are
# asked in most.
_REFUSALS = (
    r"i(?:'m| am) (?:\w+ )?sorry\b",
    r"(?:my |i offer my )?apologies\b|i apologi[sz]e\b",
    r"sorry\W*(?:\Z|(?:but|i|we|ik)\b)",
    r"as an? (?:ai|artificial|large language)\b",
    rf"(?:unfortunately\W+)?{_UNABLE}",
    r"(?:es )?tut mir (?:\w+ )?leid\b|entschuldigung\W*(?:\Z|(?:aber|ich)\b)|als ki\b",
    _UNABLE_DE,
    r"(?:je suis (?:\w+ )?)?désolée?\b(?:\W*\Z|\W+(?:mais|je)\b)|je m'excuse\b",
    _UNABLE_FR,
    r"lo (?:siento|lamento)\b|(?:eu )?(?:sinto muito|lamento)\b|desculpe\b|mi dispiace\b",
    _UNABLE_ES_PT_IT,
    r"het spijt (?:me|mij)\b|ik kan (?:\w+ ){0,4}niet (?:helpen|verwerken|beschrijven)\b",
    r"przykro mi\b|przepraszam\b|nie mogę (?:\w+ )?(?:pomóc|opisać|przetworzyć)\b",
    r"jag är ledsen\b|tyvärr kan jag\b|(?:jeg )?beklager\b|(?:jag|jeg) kan (?:inte|ikke) hj",
    r"извините\b|простите\b|к сожалению\W+я\b|я не могу (?:помочь|описать|обработать)\b",
    r"(?:很|非常)?抱歉|对不起|對不起|我无法|我無法|申し訳|すみません|ごめんなさい|죄송",
)

_ERROR_NAMES = "error|exception|traceback|fehler|erreur|errore|erro|fout|błąd|ошибка"
_HAPPENED = "occurred|happened|aufgetreten|produite|verificato|ocurrido|ocorreu"
_STATUS = (
    "internal(?: server)? error|bad request|bad gateway|unauthorized|forbidden|not found"
    "|service unavailable|(?:request |gateway )?time(?:d )?-?out|invalid (?:request|response|json)"
    "|invalid api key|content (?:blocked|filtered)|out of memory"
)
_MAKING = "generating|processing|parsing|analy[sz]ing|loading|decoding|calling"
_MAKES = "generated?|process|parse|analy[sz]e|load|decode|retrieve|fetch|complete|produce|describe"

_PRODUCTS = "responses?|answers?|contents?|descriptions?|requests?|json|data"

_THERE_IS_NO = rf"(?:there (?:is|are|was|were) )?no {_PICTURES}(?: \w+){{0,3}}"

# Of an answer: somebody may be "unable to load the sofa into the van".
_NOT_MADE = (
    rf"(?:failed to|unable to|{_CANNOT}|could not) (?:be )?(?:{_MAKES})"
    rf"(?:\W*\Z| (?:an? |any |the |this |your )*(?:{_PICTURES}|{_PRODUCTS})\b)"
)
_NOT_DONE = (
    r"(?:request|generation|analysis|processing) (?:failed|declined|denied|rejected|blocked)"
    r"(?:\W*\Z|\s*[:(]| (?:with|due|because|by)\b)"
)

_ERRORS = (
    rf"(?:{_ERROR_NAMES})s?\W*(?:\Z|\d)",
    rf"(?:[a-z]*error|{_ERROR_NAMES})(?: code)?(?: \(?\d+\)?)?:",
    rf"error (?:while )?(?:{_MAKING})\b|traceback \(",
    rf"(?:\w+ ){{0,2}}(?:{_ERROR_NAMES}) (?:\w+ |s'est |si è )?(?:{_HAPPENED})\b",
    rf"(?:http )?[45]\d\d\b[^a-z]*(?:\Z|(?:{_STATUS}|too many requests)\b)",
    rf"(?:{_STATUS})\W*(?:\Z|[:(])",
    r"(?:rate limit|quota|context length|token limit)\b.{0,20}\bexceeded\b|too many requests\b",
    rf"(?:failed to|unable to|{_CANNOT}|could not) (?:be )?(?:help|assist|comply)\b",
    _NOT_MADE,
    rf"(?:unable to|{_CANNOT}) (?:{_LOOKS}) (?:{_PEOPLE}|(?:any |the )?{_PICTURES})",
    _NOT_DONE,
    rf"{_THERE_IS_NO} (?:provided|attached|included|available|received|given)\b",
    rf"i (?:do not|don't|did not|didn't) (?:see|have|receive) (?:any |an? |the )*{_PICTURES}",
)

_REFUSAL = re.compile(rf"\W*(?:{'|'.join(_REFUSALS)})")
_ERROR = re.compile(rf"\W*(?:{'|'.join(_ERRORS)})")

# What models put where they have nothing to say.
_NOTHING = frozenset(
    phrase.strip()
    for line in (
        "n a, na, none, null, nil, undefined, unknown, untitled, tbd, todo, string, text, title",
        "description, no title, no description, no description available, not available",
        "not applicable, empty, blank, placeholder",
        "unbekannt, keine, keine angabe, kein titel, keine beschreibung, nicht verfügbar",
        "inconnu, aucun, aucune, desconocido, ninguno, sconosciuto, nessuno, onbekend, geen",
        "desconhecido, nieznany, brak",
    )
    for phrase in line.split(",")
)

_BEGINNING = 300  # characters: a refusal comes at once


def is_refusal(text: str) -> bool:
    """Say whether the agent declines to answer."""
    return _REFUSAL.match(_begins(text)) is not None


def is_error(text: str) -> bool:
    """Say whether this is the message of something that went wrong."""
    return _ERROR.match(_begins(text)) is not None


def is_nothing(text: str) -> bool:
    """Say whether no more is said than that there is nothing to say."""
    words = re.findall(r"\w+", _begins(text))
    return not words or " ".join(words) in _NOTHING


def _begins(text: str) -> str:
    return " ".join(text[:_BEGINNING].casefold().replace("\u2019", "'").split())
