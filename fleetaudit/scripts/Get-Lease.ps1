<#
.SYNOPSIS
Asks a host for every lease on it: the tasks in \fleetaudit\, and the files that belong to them.
.DESCRIPTION
Sends leases.json. The names of the tasks are those of their files below
%SystemRoot%\System32\Tasks; what a task does is asked of the Task Scheduler.
.OUTPUTS
Records of fleetaudit/records/wire.py: how schtasks ended for each task, then a file.
.NOTES
Tools: schtasks
Changes: nothing.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Tasks = Join-Path -Path $env:SystemRoot -ChildPath 'System32\Tasks\fleetaudit'
$Leases = Get-LeaseFolder
$Parts = @{ '.json' = 'Baseline'; '.fired' = 'Marker' }
$Found = @{}

$Folder = New-PrivateFolder
try {
    if (Test-Path -LiteralPath $Tasks -PathType Container) {
        foreach ($File in Get-ChildItem -LiteralPath $Tasks -File -Force) {
            $Exit = Get-LeaseTask -Name $File.Name -Folder $Folder
            if ($Exit) {
                $Exit
                if ($Exit.Code -ne 0) {
                    Send-Complaint -Folder $Folder
                    return
                }
                $Task = Get-EncodedFile -Path (Join-Path -Path $Folder -ChildPath 'task.xml')
                $Found[$File.Name] = @{ Name = $File.Name; Task = $Task; Baseline = $null; Marker = $null }
            }
        }
    }
    if (Test-Path -LiteralPath $Leases -PathType Container) {
        foreach ($File in Get-ChildItem -LiteralPath $Leases -File -Force) {
            $Name = $File.BaseName
            if (-not $Found.ContainsKey($Name)) {
                $Found[$Name] = @{ Name = $Name; Task = $null; Baseline = $null; Marker = $null }
            }
            $Part = $Parts[$File.Extension]
            if ($Part) {
                $Found[$Name][$Part] = Get-EncodedFile -Path $File.FullName
            }
        }
    }
    Send-Json -Value @{ Leases = @($Found.Values) } -Name 'leases.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
