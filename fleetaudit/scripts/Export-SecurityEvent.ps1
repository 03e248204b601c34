<#
.SYNOPSIS
Exports the records of the Security log that speak of filtering, of the audit policy or of the log.
.DESCRIPTION
Sends security.evtx (wevtutil epl; 5031, 5148 to 5160, 5440 to 5450, 4944 to 4958, 4719, 4612 and
1100 to 1105, newer than AfterRecord), which holds no record where none matches, and facts.json
with what the log holds after the export, so that a log that wrapped is noticed. Where LeaseName
names leases, security-tasks.evtx has what the log says of their tasks (4698, 4699 and 4702, which
hold the whole definition), and of no other tasks, whose definitions may hold secrets. Where that
fails, everything else is sent all the same, and TasksProblem in facts.json says why.
.PARAMETER AfterRecord
The number of the newest record that is not wanted; 0 for all.
.PARAMETER LeaseName
Names of the leases whose tasks are wanted; none by default.
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
    [long] $AfterRecord = 0,

    [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$')]
    [string[]] $LeaseName = @()
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
# The query language of event logs has no match by the beginning of a text.
$Tasks = @(foreach ($Name in $LeaseName) { "Data[@Name='TaskName']='\fleetaudit\$Name'" }) -join ' or '
$TaskEvents = 'EventID=4698 or EventID=4699 or EventID=4702'
$TaskQuery = "*[System[($TaskEvents) and EventRecordID>$AfterRecord] and EventData[$Tasks]]"

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
        TasksProblem = $null
    }
    if ($LeaseName.Count -gt 0) {
        try {
            $Export = Join-Path -Path $Folder -ChildPath 'security-tasks.evtx'
            $Arguments = @('epl', 'Security', $Export, "/q:$TaskQuery", '/ow:true')
            $Exit = Invoke-NativeTool -Tool 'wevtutil' -Arguments $Arguments -Folder $Folder
            if ($Exit.Code -eq 0) {
                Send-File -Path $Export -Name 'security-tasks.evtx'
            }
            else {
                $Facts.TasksProblem = "wevtutil ended with $($Exit.Code)."
            }
        }
        catch {
            $Facts.TasksProblem = "$_"
        }
    }
    Send-Json -Value $Facts -Name 'facts.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
