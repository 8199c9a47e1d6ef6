"""A simulated console that changes without a word."""

from typing import Any

from simulator.console import Camera, Console, Plan, documents


class ListingConsole(Console):
    """A console whose cameras can be other ones before anybody is told."""

    def fail_to_list(self, plan: Plan) -> None:
        """Answer so from now on; None is well."""
        self.faults.cameras = plan

    def listed(self) -> list[dict[str, Any]]:
        """Return the list as it is now."""
        return [documents.camera(camera, self.mac) for camera in self.cameras]

    def become(self, *cameras: Camera) -> None:
        """Have these cameras from now on, and tell nobody."""
        self._state.cameras[:] = cameras
