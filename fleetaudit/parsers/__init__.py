"""Formats: bytes to rows and issues. Pure; one file is one format."""
