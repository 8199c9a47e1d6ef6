"""What the flows share in which the user writes for the AI: the check, and the whole prompt."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from homeassistant.core import HomeAssistant, callback

from . import wording
from .options import policy_of


async def problem_in(
    hass: HomeAssistant, texts: Iterable[str], chosen: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return the first of these texts that cannot be used, and what is wrong with it."""
    for key in texts:
        try:
            await wording.async_check(hass, key, chosen.get(key, ""))
        except wording.WordingError as err:
            return key, str(err)
    return None


@callback
def prompt_quoted(hass: HomeAssistant, options: Mapping[str, Any]) -> str:
    """Return what the agent would be told with these options, as a quotation in Markdown.

    It wraps in a narrow dialog, and ends where the prompt does. A tag that the user wrote is
    text to the agent, and so it is here.
    """
    prompt = escape(wording.preview(hass, policy_of(hass, options)), quote=False)
    return "\n".join(f"> {line}" for line in prompt.splitlines())
