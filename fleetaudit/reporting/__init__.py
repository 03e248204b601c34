"""Figures to sections, sections to blocks, blocks to Markdown and HTML."""

from fleetaudit.reporting.report import render_html, render_markdown, render_summary

__all__ = ["render_html", "render_markdown", "render_summary"]
