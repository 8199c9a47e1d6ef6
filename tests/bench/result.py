"""One measured promise."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A number beside its bound."""

    promise: str
    runs: tuple[float, ...]
    bound: float
    unit: str
    at_least: bool = False
    """Whether the bound is a lower one."""

    beside: str = ""
    """What the same run showed for comparison."""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.value >= self.bound if self.at_least else self.value < self.bound

    def as_json(self) -> dict[str, object]:
        """Return everything for a machine."""
        return {
            "promise": self.promise,
            "value": round(self.value, 4),
            "bound": self.bound,
            "at_least": self.at_least,
            "unit": self.unit,
            "runs": [round(run, 4) for run in self.runs],
            "spread": round(max(self.runs) - min(self.runs), 4),
            "beside": self.beside,
            "met": self.is_met,
        }

    def __str__(self) -> str:
        """Return a line of the table."""
        mark = "ok  " if self.is_met else "MISS"
        sign = "≥" if self.at_least else "<"
        runs = " ".join(f"{run:.3g}" for run in self.runs)
        return (
            f"{mark} {self.promise}\n"
            f"       median {self.value:.3g} {self.unit} (bound {sign} {self.bound:g}), "
            f"spread {max(self.runs) - min(self.runs):.3g}, runs: {runs}"
            + (f"\n       {self.beside}" if self.beside else "")
        )
