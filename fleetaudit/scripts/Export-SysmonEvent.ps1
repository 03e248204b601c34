<#
.SYNOPSIS
Exports the connections and the names asked for that Sysmon recorded.
.DESCRIPTION
Sends sysmon.evtx (wevtutil epl; 3 and 22) and facts.json with whether the channel is on and what it
holds. A host without Sysmon is unsupported.
.PARAMETER Hours
How old a record may be.
.OUTPUTS
Records of fleetaudit/records/wire.py: how wevtutil ended, then files.
.NOTES
Tools: wevtutil
Changes: nothing.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [ValidateRange(1, 720)]
    [int] $Hours = 24
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Channel = 'Microsoft-Windows-Sysmon/Operational'
$Wanted = @(
    'EventID=3'
    'EventID=22'
) -join ' or '
$Age = $Hours * 3600000
$Query = "*[System[($Wanted) and TimeCreated[timediff(@SystemTime) <= $Age]]]"

$Folder = New-PrivateFolder
try {
    $Log = Get-WinEvent -ListLog $Channel -ErrorAction SilentlyContinue
    if ($null -eq $Log) {
        throw "Fleetaudit.Unsupported: the host has no channel $Channel."
    }
    if (-not $Log.IsEnabled -and -not $Log.RecordCount) {
        throw "Fleetaudit.Unsupported: the channel $Channel is off and holds nothing."
    }
    $Export = Join-Path -Path $Folder -ChildPath 'sysmon.evtx'
    $Arguments = @('epl', $Channel, $Export, "/q:$Query", '/ow:true')
    $Exit = Invoke-NativeTool -Tool 'wevtutil' -Arguments $Arguments -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Export -Name 'sysmon.evtx'
    $Facts = @{
        IsEnabled = $Log.IsEnabled
        OldestRecordNumber = $Log.OldestRecordNumber
        RecordCount = $Log.RecordCount
    }
    Send-Json -Value $Facts -Name 'facts.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
