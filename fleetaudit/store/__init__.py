"""What a run leaves on disk, and the journal of debts."""

from __future__ import annotations

from fleetaudit.store.host_folder import HostFolder
from fleetaudit.store.journal_file import JournalFile
from fleetaudit.store.run_directory import RunDirectory
from fleetaudit.store.run_log import RunLog

__all__ = ["HostFolder", "JournalFile", "RunDirectory", "RunLog"]
