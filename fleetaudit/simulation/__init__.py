"""A fleet of Windows hosts that are not there: real formats, real PSRP, known truth.

``model`` is what a host is and does, ``formats`` how Windows writes it down, ``answers`` what each
script gets to hear, ``network`` how it travels: WS-Management and PSRP on loopback.
"""
