"""The vocabulary: frozen, typed records that every other package speaks of."""
