"""Simulated hosts on the net: WS-Management, PSRP, authentication and TLS on loopback."""
