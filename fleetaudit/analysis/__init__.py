"""Tables to figures: attribution, attempts, statistics, coverage."""
