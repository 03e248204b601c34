"""Which Windows Firewall rule dropped what, on which hosts, why, and how sure are we."""

__version__ = "0.1.0"

__all__ = ["__version__"]
