"""The seam between fleetaudit and a host, and PSRP behind it."""

from fleetaudit.transport._protocol import MemorySink, Session, Sink, Transport

__all__ = ["MemorySink", "Session", "Sink", "Transport"]
