<#
.SYNOPSIS
Asks a host how far its Security log has come: one question, for a look while a window is open.
.DESCRIPTION
Sends facts.json. The number of the newest record follows from the oldest one's and their count.
.OUTPUTS
Records of fleetaudit/records/wire.py: a file.
.NOTES
Tools: none
Changes: nothing.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Log = Get-WinEvent -ListLog 'Security'
$Folder = New-PrivateFolder
try {
    $Facts = @{
        MaximumSizeInBytes = $Log.MaximumSizeInBytes
        LogMode = "$($Log.LogMode)"
        IsEnabled = $Log.IsEnabled
        RecordCount = $Log.RecordCount
        OldestRecordNumber = $Log.OldestRecordNumber
    }
    Send-Json -Value $Facts -Name 'facts.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
