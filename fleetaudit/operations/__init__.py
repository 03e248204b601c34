"""Reversible changes: one file is one change and its undoing."""
