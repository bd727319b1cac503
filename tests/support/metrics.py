"""What a Prometheus server makes of `/metrics`."""

from typing import Final

from prometheus_client.parser import text_string_to_metric_families

TOKEN: Final = "a-token-for-the-scraper"
HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}


class Scraped:
    """One page."""

    def __init__(self, text: str) -> None:
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    @property
    def names(self) -> set[str]:
        """Of the samples: a histogram has three."""
        return {sample.name for sample in self.samples}

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples with that name and these labels; fails where there is none."""
        found = [
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert found, f"no {name} with {labels}"
        return sum(found)

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label has."""
        return {sample.labels[label] for sample in self.samples if sample.name == name}
