"""What is said instead of an answer, and what only sounds like it."""

import pytest

from custom_components.protect_narrator.pipeline.refusals import is_error, is_nothing, is_refusal


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with identifying people.",
        "I\u2019m very sorry, I cannot.",
        "**I am sorry.**",
        "Sorry",
        "Sorry, I can't.",
        "My apologies, this is beyond me.",
        "I cannot assist with that.",
        "I can't identify people in images.",
        "I am unable to describe this.",
        "I am not able to view images",
        "Unfortunately, I could not process your request",
        "We cannot provide a description of individuals.",
        "As an AI language model, I do not look at people.",
        "Es tut mir leid, dabei kann ich nicht helfen.",
        "Ich kann leider keine Personen identifizieren.",
        "Leider kann ich dabei nicht weiterhelfen.",
        "Je suis désolé, mais je ne peux pas.",
        "Désolé",
        "Je ne peux malheureusement pas vous aider.",
        "Lo siento, no puedo ayudar con eso.",
        "No puedo identificar a personas.",
        "Mi dispiace, non posso aiutarti.",
        "Desculpe, não posso ajudar.",
        "Het spijt me, daar kan ik niet bij helpen.",
        "Przepraszam, nie mogę pomóc.",
        "Beklager, jeg kan ikke hjelpe.",
        "Извините, я не могу помочь.",
        "抱歉, 我无法识别人物。",
        "申し訳ありませんが、お手伝いできません。",
    ],
)
def test_a_refusal_is_recognised_in_many_languages(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Error",
        "Error: quota exceeded",
        "error 500",
        "ValueError: no choices",
        "Traceback (most recent call last): …",
        "Error generating content",
        "Couldn't generate content",
        "Failed to generate a description",
        "Unable to process image",
        "Cannot see any images",
        "An unexpected error occurred.",
        "Internal Server Error",
        "503 Service Unavailable",
        "429 Too Many Requests",
        "Rate limit exceeded",
        "Request failed",
        "Content blocked",
        "Fehler: Zeitüberschreitung",
        "Ein Fehler ist aufgetreten.",
        "Une erreur s'est produite",
        "No images were provided.",
        "There is no image attached",
        "I don't see any image.",
    ],
)
def test_an_error_text_is_recognised(text: str) -> None:
    assert is_error(text)


@pytest.mark.parametrize(
    "text",
    ["", "…", "-", "N/A", "None", "null", "Unknown", "Untitled", "<title>", "Keine Angabe", "Brak"],
)
def test_words_for_nothing_say_nothing(text: str) -> None:
    assert is_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "A man says sorry",
        "Sorry-looking dog lies by the door",
        "Broken window",
        "Failed delivery attempt",
        "Unable to load the sofa into the van, two men rest",
        "Failed to complete the delivery: the courier leaves a card",
        "Request declined, the visitor leaves",
        "Error message on the car's display: a man reads it",
        "Timeout sign held by a player",
        "404 Main Street delivery van",
        "500 people march past",
        "Not a person: a moving tree",
        "No pictures on the wall",
        "No people",
        "Nobody in sight",
        "Unknown person at the door",
        "Unable to open the gate, a man leaves",
        "A person cannot open the door",
        "I cannot make out the face, but a man in red walks to the door.",
        "I cannot identify the man, who walks past.",
        "I can't see anybody; the yard is empty.",
        "Ich kann das Gesicht nicht erkennen, aber ein Mann geht vorbei.",
        "Foutgeparkeerde auto",
        "Un homme est désolé",
        "Lo que se ve: un hombre",
        "誰もいない",
    ],
)
def test_what_happened_is_neither_a_refusal_nor_an_error(text: str) -> None:
    assert not is_refusal(text)
    assert not is_error(text)
    assert not is_nothing(text)
