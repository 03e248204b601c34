"""Tables to figures: attribution, attempts, statistics, coverage."""

from fleetaudit.analysis.fleet import analyze

__all__ = ["analyze"]
