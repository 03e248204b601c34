"""Figures to sections, sections to blocks, blocks to Markdown and HTML."""
