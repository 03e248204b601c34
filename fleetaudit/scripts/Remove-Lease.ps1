<#
.SYNOPSIS
Removes a lease: its task, then its baseline file and its marker.
.DESCRIPTION
What is not there needs no removing. The files stay where the task could not be deleted.
.PARAMETER LeaseName
The name of the task in its folder \fleetaudit\, and of the lease's files.
.OUTPUTS
Records of fleetaudit/records/wire.py: how schtasks ended, each time it was called.
.NOTES
Tools: schtasks
Changes: the lease's task and files are deleted; no setting is changed.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$')]
    [string] $LeaseName
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Task = Join-Path -Path $env:SystemRoot -ChildPath "System32\Tasks\fleetaudit\$LeaseName"
$Leases = Get-LeaseFolder
$Folder = New-PrivateFolder
try {
    $Exit = Get-LeaseTask -Name $LeaseName -Folder $Folder
    if ($Exit -and $Exit.Code -eq 0) {
        $Arguments = @('/Delete', '/TN', "\fleetaudit\$LeaseName", '/F')
        $Exit = Invoke-NativeTool -Tool 'schtasks' -Arguments $Arguments -Folder $Folder
        if ($Exit.Code -ne 0 -and -not (Test-Path -LiteralPath $Task)) {
            $Exit = $null
        }
    }
    if ($Exit) {
        $Exit
        if ($Exit.Code -ne 0) {
            Send-Complaint -Folder $Folder
            return
        }
    }
    foreach ($Part in 'json', 'fired') {
        $File = Join-Path -Path $Leases -ChildPath "$LeaseName.$Part"
        if (Test-Path -LiteralPath $File) {
            Remove-Item -LiteralPath $File -Force -ErrorAction Stop
        }
    }
}
finally {
    Remove-PrivateFolder -Path $Folder
}
