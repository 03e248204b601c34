"""A fleet of Windows hosts that are not there: real formats, real PSRP, known truth."""
