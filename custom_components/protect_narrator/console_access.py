"""How an entry of ours reaches its console: with which log-in, over which sessions."""

from collections.abc import AsyncIterator, Mapping, Set as AbstractSet
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
import shutil
from typing import Any, TypedDict, Unpack
from weakref import WeakValueDictionary

from aiohttp import ClientSession, CookieJar
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import STORAGE_DIR

from .const import CONF_CORE_ENTRY_ID, CORE_DOMAIN, DEFAULT_PORT, DOMAIN
from .private_files import make_private_folder, touch_private_file
from .protect import (
    TOKEN_FILE,
    CannotConnectError,
    Connection,
    ConsoleInfo,
    Credentials,
    LoginBudget,
    LoginGuard,
)

# Core's own names in its entries (read in its source, 2026.10 and 2026.11). An entry that
# was switched to its API key may still hold a user, whom its owner chose not to use.
_CORE_CONNECTION_MODE = "connection_mode"
_CORE_API_KEY_ONLY = "api_key_only"

# Consoles that nobody is connected to any more, and whose last log-ins are still counted; more
# than anybody types within the minute that counts.
_MOST_COUNTED = 16


class CoreEntryMissingError(HomeAssistantError):
    """The core entry that the log-in is taken from does not exist any more."""

    code = "core_entry_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The two aiohttp sessions of one connection, and what counts the log-ins of the first.

    Never Home Assistant's shared one: a log-in clears the session's cookies.
    """

    private: ClientSession
    public: ClientSession
    login_guard: LoginGuard

    def detach(self) -> None:
        """Give up the sessions; Home Assistant keeps and closes the connector they share."""
        self.private.detach()
        self.public.detach()


class Listening(TypedDict, total=False):
    """How a connection that is started listens; what is absent is ``Connection``'s default."""

    not_before: datetime
    catch_up: timedelta
    looked_at: datetime | None
    longest_open: timedelta
    label_grace: timedelta
    merge_gap: timedelta
    reconcile_every: timedelta


@callback
def open_sessions(hass: HomeAssistant, login: Credentials, *, for_person: bool = False) -> Sessions:
    """Open the sessions of one connection; the caller detaches them.

    Its log-ins are counted together with all others to the same console; ``for_person`` says
    that somebody waits for them at a form.
    """
    guard = LoginGuard(
        login_budget(hass, login),
        for_person=for_person,
        budget_of=partial(_login_budgets(hass).join, _address_of(login)),
    )
    return Sessions(
        private=async_create_clientsession(
            hass,
            login.verify_ssl,
            auto_cleanup=False,
            # Consoles are reached by IP address, whose cookies the safe jar refuses.
            cookie_jar=CookieJar(unsafe=True),
            middlewares=(guard,),
        ),
        public=async_create_clientsession(hass, login.verify_ssl, auto_cleanup=False),
        login_guard=guard,
    )


async def make_connection(
    hass: HomeAssistant, login: Credentials, sessions: Sessions, **listening: Unpack[Listening]
) -> Connection:
    """Return a connection over these sessions; the caller closes it. Raises ConnectError."""
    folder = _folder_of(hass, login)
    try:
        await hass.async_add_executor_job(_make_private, folder)
    except OSError as err:
        raise CannotConnectError(f"the log-in token cannot be kept: {err}") from err
    return Connection(
        login,
        session=sessions.private,
        public_session=sessions.public,
        config_dir=folder,
        login_guard=sessions.login_guard,
        **listening,
    )


@callback
def token_folder(hass: HomeAssistant) -> Path:
    """Return where log-in tokens are kept, so that not every restart is a log-in."""
    return Path(hass.config.path(STORAGE_DIR, DOMAIN))


def _folder_of(hass: HomeAssistant, login: Credentials) -> Path:
    """Return where the token of one log-in is kept.

    Each has its own: the library reads, changes and writes a whole file at a time, so one
    connection would undo what another wrote. The name only has to differ, and to be one.
    """
    who = f"{login.username}@{login.host}:{login.port}"
    return token_folder(hass) / sha256(who.encode()).hexdigest()[:16]


def _make_private(folder: Path) -> None:
    """Make folder and file before the library does, which would let others read them.

    Writing it anew, the library leaves the file's mode as it is. Raises OSError.
    """
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    make_private_folder(folder.parent)
    make_private_folder(folder)
    touch_private_file(folder / TOKEN_FILE)


async def forget_log_ins(hass: HomeAssistant) -> None:
    """Delete the log-in tokens that no entry of ours stands for any more; nothing is sent.

    That is more than an entry's that is removed: its address or user may have been another
    once, the core entry that named them may be gone, or a set-up may have been given up.
    """
    kept = set()
    for entry in hass.config_entries.async_entries(DOMAIN):
        with suppress(CoreEntryMissingError):
            kept.add(_folder_of(hass, credentials(hass, entry)))
    await hass.async_add_executor_job(_delete_all_but, kept, token_folder(hass))


def _delete_all_but(kept: AbstractSet[Path], folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@callback
def credentials(hass: HomeAssistant, entry: ConfigEntry) -> Credentials:
    """Return the entry's log-in as it is now. Raises CoreEntryMissingError."""
    return credentials_from(hass, entry.data)


@callback
def credentials_from(hass: HomeAssistant, data: Mapping[str, Any]) -> Credentials:
    """Return the log-in that entry data stand for. Raises CoreEntryMissingError.

    The fields that a core entry or a user left out are empty; what that means is the
    connection's to say.
    """
    if core_entry_id := data.get(CONF_CORE_ENTRY_ID):
        entry = hass.config_entries.async_get_entry(core_entry_id)
        if entry is None or entry.domain != CORE_DOMAIN:
            raise CoreEntryMissingError(
                translation_domain=DOMAIN,
                translation_key=CoreEntryMissingError.code,
            )
        data = entry.data
    has_user = data.get(_CORE_CONNECTION_MODE) != _CORE_API_KEY_ONLY
    return Credentials(
        host=data[CONF_HOST],
        port=data.get(CONF_PORT, DEFAULT_PORT),
        username=data.get(CONF_USERNAME, "") if has_user else "",
        password=data.get(CONF_PASSWORD, "") if has_user else "",
        api_key=data.get(CONF_API_KEY) or None,
        verify_ssl=data.get(CONF_VERIFY_SSL, False),
    )


async def prove_access(hass: HomeAssistant, data: Mapping[str, Any]) -> ConsoleInfo:
    """Return the console after a log-in of its own and a look at whether recordings open.

    Raises CoreEntryMissingError and, with the code of what is wrong, ConnectError.
    """
    async with _visit(hass, data) as connection:
        # A token of before would let a wrong password pass.
        console = await connection.connect(forget_login=True)
        await connection.check_access()
        return console


async def look_up_cameras(hass: HomeAssistant, data: Mapping[str, Any]) -> ConsoleInfo:
    """Return the console with its cameras. Raises CoreEntryMissingError and ConnectError."""
    async with _visit(hass, data) as connection:
        return await connection.connect()


@asynccontextmanager
async def _visit(hass: HomeAssistant, data: Mapping[str, Any]) -> AsyncIterator[Connection]:
    """Make a connection that is closed, with its sessions, when the context is left."""
    login = credentials_from(hass, data)
    sessions = open_sessions(hass, login, for_person=True)
    try:
        connection = await make_connection(hass, login, sessions)
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        sessions.detach()


@callback
def login_budget(hass: HomeAssistant, login: Credentials) -> LoginBudget:
    """Return what counts the log-ins to this console: of entries, their set-up, and forms.

    It outlives reloads and forms: while anybody is connected, and as long as it has a log-in
    to remember.
    """
    return _login_budgets(hass).of(_address_of(login))


type _Address = tuple[str, int]


def _address_of(login: Credentials) -> _Address:
    return login.host.casefold(), login.port


class _LoginBudgets:
    """The budgets by the console's address; of one console, however it is called, one."""

    def __init__(self) -> None:
        """Start without any."""
        self._used: WeakValueDictionary[_Address, LoginBudget] = WeakValueDictionary()
        self._by_mac: WeakValueDictionary[str, LoginBudget] = WeakValueDictionary()
        self._recent: dict[_Address, LoginBudget] = {}

    def __len__(self) -> int:
        return len(self._recent)

    def of(self, address: _Address) -> LoginBudget:
        """Return that of the address; what is left of one that has nothing to tell is let go."""
        budget = self._used.get(address) or LoginBudget()
        self._keep(address, budget)
        return budget

    def join(self, address: _Address, mac: str) -> LoginBudget:
        """Return that of the console which was found at the address."""
        here = self.of(address)
        budget = self._by_mac.setdefault(mac.casefold(), here)
        if budget is not here:
            budget.take_over(here)
            self._keep(address, budget)
        return budget

    def _keep(self, address: _Address, budget: LoginBudget) -> None:
        self._used[address] = budget
        self._recent = {
            each: recent
            for each, recent in self._recent.items()
            if each != address and not recent.is_idle
        }
        if len(self._recent) == _MOST_COUNTED:
            del self._recent[next(iter(self._recent))]
        self._recent[address] = budget


@callback
@singleton(f"{DOMAIN}_login_budgets")
def _login_budgets(_hass: HomeAssistant) -> _LoginBudgets:
    return _LoginBudgets()


@callback
def unique_id_of(mac: str) -> str:
    """Return the console's MAC address as core's integration writes its own unique id."""
    return mac.replace(":", "").upper()
