"""Many hosts, one plan each: who is asked what, when, and what is owed."""
