"""Blocks to markup; the only place where markup is written, and where text is escaped."""
