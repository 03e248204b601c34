"""The file formats of Windows, written byte for byte as Windows writes them."""
