"""Stored evidence to tables and issues; can be done again at any time."""

from fleetaudit.ingest._facts import FactsTimeline, read_facts_timeline
from fleetaudit.ingest._host import ingest_host
from fleetaudit.ingest._readings import sources_of

__all__ = ["FactsTimeline", "ingest_host", "read_facts_timeline", "sources_of"]
