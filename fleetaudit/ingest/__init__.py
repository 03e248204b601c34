"""Stored evidence to tables and issues; can be done again at any time."""
