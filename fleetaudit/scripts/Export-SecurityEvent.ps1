<#
.SYNOPSIS
Exports the records of the Security log that speak of filtering, of the audit policy or of the log.
.DESCRIPTION
Sends security.evtx (wevtutil epl; 5031, 5148 to 5160, 5440 to 5450, 4944 to 4958, 4719, 4612 and
1100 to 1105, newer than AfterRecord), which holds no record where none matches, and facts.json
with what the log holds after the export, so that a log that wrapped is noticed.
.PARAMETER AfterRecord
The number of the newest record that is not wanted; 0 for all.
.OUTPUTS
Records of fleetaudit/records/wire.py: how wevtutil ended, then files.
.NOTES
Tools: wevtutil
Changes: nothing.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [ValidateRange(0, [long]::MaxValue)]
    [long] $AfterRecord = 0
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Wanted = @(
    'EventID=5031'
    'EventID=4719'
    'EventID=4612'
    '(EventID>=5148 and EventID<=5160)'
    '(EventID>=5440 and EventID<=5450)'
    '(EventID>=4944 and EventID<=4958)'
    '(EventID>=1100 and EventID<=1105)'
) -join ' or '
$Query = "*[System[($Wanted) and EventRecordID>$AfterRecord]]"

$Folder = New-PrivateFolder
try {
    $Export = Join-Path -Path $Folder -ChildPath 'security.evtx'
    $Arguments = @('epl', 'Security', $Export, "/q:$Query", '/ow:true')
    $Exit = Invoke-NativeTool -Tool 'wevtutil' -Arguments $Arguments -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Export -Name 'security.evtx'
    $Log = Get-WinEvent -ListLog 'Security'
    $Facts = @{
        OldestRecordNumber = $Log.OldestRecordNumber
        RecordCount = $Log.RecordCount
    }
    Send-Json -Value $Facts -Name 'facts.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
