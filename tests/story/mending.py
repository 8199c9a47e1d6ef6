"""What a user reads in Home Assistant's repairs, and does about it, over its own HTTP API."""

from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.protect_narrator.const import DOMAIN
from tests.waiting import until

_FIX = "/api/repairs/issues/fix"


class Repairs:
    """Home Assistant's repairs, as far as they are about us."""

    def __init__(self, hass: HomeAssistant, connect: ClientSessionGenerator) -> None:
        """Read and mend there; nobody connects before all is set up, or no view could be added."""
        self._hass = hass
        self._connect = connect
        self._client: TestClient[Any, Any] | None = None

    @property
    def keys(self) -> list[str]:
        """What is told at present, and not ignored, by the keys of the translations."""
        return sorted(
            issue.translation_key or ""
            for issue in self._issues()
            if issue.active and issue.dismissed_version is None
        )

    @property
    def ids(self) -> list[str]:
        """Every issue that is known, an ignored one included."""
        return sorted(issue.issue_id for issue in self._issues())

    def _issues(self) -> list[ir.IssueEntry]:
        issues = ir.async_get(self._hass).issues.values()
        return [issue for issue in issues if issue.domain == DOMAIN]

    def issue(self, key: str) -> ir.IssueEntry:
        """Return the one that reads so."""
        (issue,) = (each for each in self._issues() if each.translation_key == key)
        return issue

    async def told(self, *keys: str, limit_s: float = 15) -> None:
        """Wait until just that is told."""
        await until(lambda: self.keys == sorted(keys), limit_s=limit_s)

    def ignore(self, key: str) -> None:
        """Let the user ignore it."""
        ir.async_ignore_issue(self._hass, DOMAIN, self.issue(key).issue_id, ignore=True)

    async def open(self, key: str) -> dict[str, Any]:
        """Begin to mend it; return the form."""
        body = {"handler": DOMAIN, "issue_id": self.issue(key).issue_id}
        return await self._post(_FIX, body)

    async def submit(self, form: dict[str, Any], **answers: object) -> dict[str, Any]:
        """Submit a form; return the next one, or how it has ended."""
        return await self._post(f"{_FIX}/{form['flow_id']}", answers)

    async def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._client is None:
            self._client = await self._connect()
        response = await self._client.post(url, json=body)
        assert response.status == HTTPStatus.OK, await response.text()
        return dict(await response.json())


def default(form: dict[str, Any], field: str) -> object:
    """Return what a field of the form is filled with."""
    return next(each["default"] for each in form["data_schema"] if each["name"] == field)


def fields(form: dict[str, Any]) -> list[str]:
    """Return the fields of a form."""
    return [each["name"] for each in form["data_schema"]]
