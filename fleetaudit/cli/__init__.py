"""The commands; one thin file a command."""
