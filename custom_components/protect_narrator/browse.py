"""What the media browser shows: days, the cameras of a day, their Sightings.

An identifier is ``<day>``, ``<day>/<camera>`` or ``<day>/<camera>/<cursor>``; or ``sighting/<id>``,
``recording/<id>`` or ``picture/<id>``. None of it becomes part of a path before it is known to be
of these shapes, and what somebody may not see is not there for him.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
import re
from typing import Any, Literal, cast

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player.const import (
    CONTENT_AUTH_EXPIRY_TIME,
    MediaClass,
    MediaType,
)
from homeassistant.components.media_source import BrowseMediaSource, PlayMedia
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .history import (
    BadCursorError,
    CameraSet,
    HistoryUnavailableError,
    Page,
    SightingQuery,
    async_counts,
    async_page,
    require_recording,
)
from .kept_pictures import find_kept
from .reading import async_newest
from .snapshots import image_path
from .viewer import GONE, SeenCamera, Viewer, current_user, gone_camera

# More than fits on a screen; what is earlier is one click away.
MOST_LISTED = 100

# Words of more than that are nobody's.
_LONGEST_SEARCH = 200

# A day on which cameras that are gone saw more than this is shown without some of them.
_MOST_PAGES = 10
_MOST_GONE = 50

_PLACE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:/([0-9A-Z]{1,32}|gone-[0-9A-Za-z_-]{1,64}))?(?:/(.+))?")
_SIGHTING = re.compile(r"(sighting|recording|picture)/([0-9a-f]{32})")
_CURSOR = re.compile(r"[0-9.e+~-]{1,64}")

_VIDEO, _JPEG = "video/mp4", "image/jpeg"

# Outside of these a day has no beginning that could be counted from.
_FIRST_YEAR, _LAST_YEAR = 2000, 2099

type _Part = Literal["sighting", "recording", "picture"]


class NotThereError(Exception):
    """There is nothing of that name, or not for who asks."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One that may be seen, and what there is of it."""

    data: Mapping[str, Any]
    has_recording: bool
    has_picture: bool

    @property
    def sighting_id(self) -> str:
        return str(self.data["sighting_id"])

    @property
    def picture(self) -> str | None:
        """The path of its picture, whatever the event says: pictures come and go without it."""
        return image_path(self.sighting_id) if self.has_picture else None

    @property
    def recording(self) -> str | None:
        """The path of its recording, which the console has or has not any more."""
        return f"/api/{DOMAIN}/clip/{self.sighting_id}" if self.has_recording else None


class Browser:
    """Answers one question of whoever asks now."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Look with his eyes."""
        self._hass = hass
        self._viewer = Viewer(hass, current_user())
        words = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)
        prefix = f"component.{DOMAIN}.common."
        self._words = {key.removeprefix(prefix): text for key, text in words.items()}

    async def async_listed(self, identifier: str) -> BrowseMediaSource:
        """Return what is there, with what it consists of.

        Raises NotThereError and HistoryUnavailableError.
        """
        if not identifier:
            return await self._days()
        if match := _SIGHTING.fullmatch(identifier):
            part, sighting_id = cast("_Part", match[1]), match[2]
            sighting = await self._sighting(sighting_id)
            return self._whole(sighting) if part == "sighting" else self._part(sighting, part)
        day, key, cursor = _place_of(identifier)
        if key is None:
            return await self._cameras(day)
        return await self._sightings(day, await self._camera(day, key), cursor)

    async def async_playable(self, identifier: str) -> PlayMedia:
        """Return where a Sighting is played or shown. Raises as above.

        What is asked for by its id alone is its recording, or its picture where there is none.
        """
        if (match := _SIGHTING.fullmatch(identifier)) is None:
            raise NotThereError
        sighting = await self._sighting(match[2])
        if sighting.recording and match[1] != "picture":
            return PlayMedia(sighting.recording, _VIDEO)
        if sighting.picture and match[1] != "recording":
            return PlayMedia(sighting.picture, _JPEG)
        raise NotThereError

    async def async_searched(self, identifier: str, text: str) -> list[BrowseMediaSource]:
        """Return the newest Sightings there in which all of these words are. Raises as above."""
        query = self._all()
        if identifier:
            day, key, _ = _place_of(identifier)
            query = replace(query, since=_begin(day), until=_begin(day + timedelta(days=1)))
            if key is not None:
                query = replace(query, cameras=(await self._camera(day, key)).rows)
        query = replace(query, text=text[:_LONGEST_SEARCH])
        if not query.words:
            return []
        page = await self._page(query, None)
        return [self._item(self._as_it_is(data), with_day=True) for data in page.sightings]

    # -- what there is

    def _all(self) -> SightingQuery:
        """Return the question for everything that he may see."""
        if self._viewer.sees_everything:
            return SightingQuery()
        return SightingQuery(cameras=_union(each.rows for each in self._viewer.cameras))

    def _as_it_is(self, data: Mapping[str, Any]) -> _Sighting:
        return _Sighting(
            data,
            has_recording=self._viewer.may_play(data),
            has_picture=find_kept(self._hass, data["sighting_id"]) is not None,
        )

    async def _count(self, query: SightingQuery) -> int:
        return sum(counts.total for counts in await async_counts(self._hass, query))

    async def _page(self, query: SightingQuery, cursor: str | None) -> Page:
        if query.cameras == _NO_CAMERAS:
            return Page((), None)
        try:
            return await async_page(self._hass, query, limit=MOST_LISTED, cursor=cursor)
        except BadCursorError as err:
            raise NotThereError from err

    async def _camera(self, day: date, key: str) -> SeenCamera:
        """Return the camera with that key."""
        if not key.startswith(GONE):
            for camera in self._viewer.cameras:
                if camera.key == key:
                    return camera
            raise NotThereError
        if not self._viewer.sees_everything:
            raise NotThereError
        camera_id = key.removeprefix(GONE)
        gone = gone_camera(camera_id, camera_id)
        newest = await async_page(self._hass, _on(day, gone.rows), limit=1)
        return (
            gone_camera(camera_id, newest.sightings[0]["camera_name"]) if newest.sightings else gone
        )

    async def _gone(self, day: date, known: list[SeenCamera]) -> list[SeenCamera]:
        """Return the cameras of that day that nobody knows any more."""
        names: dict[str, str] = {}
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await async_page(self._hass, _on(day, None), limit=200, cursor=cursor)
            for data in page.sightings:
                if not any(camera.rows.has(data) for camera in known):
                    names.setdefault(data["camera_id"], data["camera_name"])
            if (cursor := page.next) is None or len(names) >= _MOST_GONE:
                break
        found = [gone_camera(camera_id, name) for camera_id, name in names.items()]
        # Anybody can fire such an event: what could not be opened again is not shown.
        return [each for each in found if _PLACE.fullmatch(f"{day.isoformat()}/{each.key}")]

    async def _sighting(self, sighting_id: str) -> _Sighting:
        """Return the Sighting, stored or about to be."""
        try:
            row = await async_newest(self._hass, sighting_id)
        except HistoryUnavailableError as err:
            # It would tell which ids are known without the recorder, and which are not.
            if not self._viewer.sees_everything:
                raise NotThereError from err
            raise
        if row is None or not self._viewer.may_see(row.data):
            raise NotThereError
        return self._as_it_is(row.data)

    # -- how it is shown

    async def _days(self) -> BrowseMediaSource:
        """Return the days on which something was seen, newest first."""
        query = self._all()
        counted = () if query.cameras == _NO_CAMERAS else await async_counts(self._hass, query)
        if not counted:
            require_recording(self._hass)
        return self._folder(
            None,
            "Protect Narrator",
            [
                self._folder(each.day.isoformat(), f"{self._day(each.day)} ({each.total})")
                for each in counted
            ],
        )

    async def _cameras(self, day: date) -> BrowseMediaSource:
        """Return the cameras that saw something on that day."""
        known = self._viewer.cameras
        found = [(each, await self._count(_on(day, each.rows))) for each in known]
        if self._viewer.sees_everything:
            in_all = await self._count(_on(day, None))
            if in_all > sum(count for _, count in found):
                gone = await self._gone(day, known)
                found += [(each, await self._count(_on(day, each.rows))) for each in gone]
        return self._folder(
            day.isoformat(),
            self._day(day),
            [
                self._folder(f"{day.isoformat()}/{camera.key}", f"{camera.name} ({count})")
                for camera, count in found
                if count
            ],
        )

    async def _sightings(
        self, day: date, camera: SeenCamera, cursor: str | None
    ) -> BrowseMediaSource:
        """Return a page of what the camera saw on that day, newest first."""
        page = await self._page(_on(day, camera.rows), cursor)
        identifier = f"{day.isoformat()}/{camera.key}"
        children = [self._item(self._as_it_is(data), with_day=False) for data in page.sightings]
        if page.next is not None:
            children.append(self._folder(f"{identifier}/{page.next}", self._words["earlier"]))
        shown = self._folder(
            identifier if cursor is None else f"{identifier}/{cursor}",
            f"{camera.name}, {self._day(day)}",
            children,
        )
        shown.children_media_class = MediaClass.VIDEO
        return shown

    def _folder(
        self,
        identifier: str | None,
        title: str,
        children: list[BrowseMediaSource] | None = None,
    ) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=identifier,
            media_class=MediaClass.DIRECTORY,
            media_content_type=MediaType.VIDEO,
            title=title,
            can_play=False,
            can_expand=True,
            can_search=True,
            children=children,
            children_media_class=MediaClass.DIRECTORY,
        )

    def _item(self, sighting: _Sighting, *, with_day: bool) -> BrowseMediaSource:
        """Return a Sighting: played by its button, and opened where there is a picture, too."""
        start = dt_util.as_local(datetime.fromisoformat(sighting.data["start"]))
        day = f"{self._day(start.date())} " if with_day else ""
        only_picture = sighting.recording is None and sighting.picture is not None
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=f"sighting/{sighting.sighting_id}",
            media_class=MediaClass.IMAGE if only_picture else MediaClass.VIDEO,
            media_content_type=_JPEG if only_picture else _VIDEO,
            title=f"{day}{start:%H:%M} {sighting.data['title']}",
            can_play=bool(sighting.recording or sighting.picture),
            can_expand=bool(sighting.recording and sighting.picture),
            thumbnail=self._signed(sighting.picture),
        )

    def _whole(self, sighting: _Sighting) -> BrowseMediaSource:
        """Return a Sighting with its recording and its picture, as far as there are."""
        shown = self._item(sighting, with_day=True)
        parts: list[tuple[_Part, str | None]] = [
            ("recording", sighting.recording),
            ("picture", sighting.picture),
        ]
        shown.children = [self._part(sighting, part) for part, path in parts if path]
        return shown

    def _part(self, sighting: _Sighting, part: _Part) -> BrowseMediaSource:
        is_recording = part == "recording"
        if (sighting.recording if is_recording else sighting.picture) is None:
            raise NotThereError
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=f"{part}/{sighting.sighting_id}",
            media_class=MediaClass.VIDEO if is_recording else MediaClass.IMAGE,
            media_content_type=_VIDEO if is_recording else _JPEG,
            title=self._words[part],
            can_play=True,
            can_expand=False,
            thumbnail=self._signed(sighting.picture),
        )

    def _day(self, day: date) -> str:
        today = dt_util.now().date()
        if day == today:
            return self._words["today"]
        if day == today - timedelta(days=1):
            return self._words["yesterday"]
        weekday = self._words[f"weekday_{day.isoweekday()}"]
        year, month, number = day.isoformat().split("-")
        return self._words["date"].format(weekday=weekday, year=year, month=month, day=number)

    @callback
    def _signed(self, path: str | None) -> str | None:
        """Return the path as who asks may open it: the view looks again whether he may."""
        if path is None:
            return None
        return async_sign_path(self._hass, path, timedelta(seconds=CONTENT_AUTH_EXPIRY_TIME))


_NO_CAMERAS = CameraSet(camera_ids=frozenset())


def _union(sets: Iterable[CameraSet]) -> CameraSet:
    camera_ids: set[str] = set()
    device_ids: set[str] = set()
    for each in sets:
        camera_ids |= each.camera_ids
        device_ids |= each.device_ids
    return CameraSet(camera_ids=frozenset(camera_ids), device_ids=frozenset(device_ids))


def _place_of(identifier: str) -> tuple[date, str | None, str | None]:
    """Return day, camera and cursor of an identifier. Raises NotThereError."""
    if (match := _PLACE.fullmatch(identifier)) is None:
        raise NotThereError
    cursor = match[3]
    if cursor is not None and (match[2] is None or not _CURSOR.fullmatch(cursor)):
        raise NotThereError
    try:
        day = date.fromisoformat(match[1])
    except ValueError as err:
        raise NotThereError from err
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise NotThereError
    return day, match[2], cursor


def _on(day: date, rows: CameraSet | None) -> SightingQuery:
    """Return the question for what these cameras saw on that local day."""
    since, until = _begin(day), _begin(day + timedelta(days=1))
    return SightingQuery(cameras=rows, since=since, until=until)


def _begin(day: date) -> datetime:
    return dt_util.start_of_local_day(day)
