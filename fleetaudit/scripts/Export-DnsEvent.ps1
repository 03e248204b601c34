<#
.SYNOPSIS
Exports the records of the DNS client's log that name what was asked for and what was answered.
.DESCRIPTION
Sends dns-client.evtx (wevtutil epl; 3006, 3008, 3010, 3011, 3016, 3018 to 3020) and facts.json with
whether the channel is on, which Windows leaves off, and what it holds. A host without the channel,
or whose channel is off and empty, is unsupported. Whether it is on is not changed.
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

$Channel = 'Microsoft-Windows-DNS-Client/Operational'
$Wanted = @(
    'EventID=3006'
    'EventID=3008'
    'EventID=3010'
    'EventID=3011'
    'EventID=3016'
    '(EventID>=3018 and EventID<=3020)'
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
    $Export = Join-Path -Path $Folder -ChildPath 'dns-client.evtx'
    $Arguments = @('epl', $Channel, $Export, "/q:$Query", '/ow:true')
    $Exit = Invoke-NativeTool -Tool 'wevtutil' -Arguments $Arguments -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Export -Name 'dns-client.evtx'
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
