"""Stored evidence to tables and issues; can be done again at any time."""

from fleetaudit.ingest._facts import FactsTimeline, read_facts_timeline
from fleetaudit.ingest._host import ingest_host, parser_for

__all__ = ["FactsTimeline", "ingest_host", "parser_for", "read_facts_timeline"]
