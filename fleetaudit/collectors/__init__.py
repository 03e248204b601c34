"""Evidence sources: one file is one source. A collector never changes a host."""

from fleetaudit.collectors._collector import Collector, Parser, Reading

__all__ = ["Collector", "Parser", "Reading"]
