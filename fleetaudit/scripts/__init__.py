"""The PowerShell that runs on a host, one file a question or change."""
