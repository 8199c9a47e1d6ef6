"""What is told to who asked for something that cannot be."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN


def mistake(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the error for what the user can ask otherwise, with the text of that key."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


def failure(key: str, **placeholders: str) -> HomeAssistantError:
    """Return the error for what may be possible later, with the text of that key."""
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
