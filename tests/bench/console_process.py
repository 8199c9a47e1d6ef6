"""A simulated console in a process of its own, so that its work is not measured as ours.

Prints how to reach it as one JSON line, then serves until its standard input ends. Each
line ``messages <count per second> <seconds>`` on standard input makes it talk.
"""

import asyncio
from datetime import UTC, datetime
from io import BytesIO
import json
from pathlib import Path
import sys

from PIL import Image

from simulator.console import Camera, Console

from .clips import ALL


class Shelf:
    """Recordings that were rendered before."""

    def __init__(self, files: dict[str, str]) -> None:
        """Take the files by camera name."""
        self._clips = {name: Path(path).read_bytes() for name, path in files.items()}

    def clip(self, camera_name: str, _start: datetime, _end: datetime) -> bytes:
        """Return the camera's one recording."""
        return self._clips[camera_name]

    def still(self, _camera_name: str, _at: datetime) -> bytes:
        """Return a grey picture."""
        out = BytesIO()
        Image.new("RGB", (640, 360), "grey").save(out, "JPEG")
        return out.getvalue()


async def talk(console: Console, per_second: int, seconds: float) -> None:
    """Send camera updates and events, half of each, evenly spread."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    event_id = ""
    for number in range(round(per_second * seconds)):
        camera = console.cameras[number % len(console.cameras)]
        match number % 8:
            case 1:
                event_id = await console.start_detection(camera.id, ("person",))
            case 3:
                await console.update_detection(event_id, score=60 + number % 40)
            case 5:
                await console.update_detection(event_id, labels=("person", "vehicle"))
            case 7:
                await console.end_detection(event_id)
            case _:
                now = round(datetime.now(UTC).timestamp() * 1000)
                await console.send_private("update", "camera", camera.id, {"lastMotion": now})
        await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))


async def main(files: dict[str, str]) -> None:
    """Serve until standard input ends."""
    cameras = [Camera.make(number, clip.name) for number, clip in enumerate(ALL)]
    async with Console(cameras, Shelf(files), public_requests_per_second=1000) as console:
        print(
            json.dumps(
                {
                    "host": console.host,
                    "port": console.port,
                    "username": console.username,
                    "password": console.password,
                    "cameras": {camera.name: camera.id for camera in cameras},
                }
            ),
            flush=True,
        )
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            _, per_second, seconds = line.split()
            await talk(console, int(per_second), float(seconds))
            print("said", flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
