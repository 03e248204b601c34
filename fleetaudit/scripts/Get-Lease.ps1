<#
.SYNOPSIS
Asks a host for every lease on it: the tasks in \fleetaudit\, and the files that belong to them.
.DESCRIPTION
Sends leases.json. A registered task has its definition as a file below %SystemRoot%\System32\Tasks,
named as the task is; that file is read, because what schtasks prints is in the console's code page.
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

$Tasks = Join-Path -Path $env:SystemRoot -ChildPath 'System32\Tasks\fleetaudit'
$Leases = Get-LeaseFolder

$Parts = @{ '.json' = 'Baseline'; '.fired' = 'Marker' }
$Found = @{}
foreach ($Place in $Tasks, $Leases) {
    if (Test-Path -LiteralPath $Place -PathType Container) {
        foreach ($File in Get-ChildItem -LiteralPath $Place -File -Force) {
            $Name = $File.Name
            $Part = 'Task'
            if ($Place -eq $Leases) {
                $Name = $File.BaseName
                $Part = $Parts[$File.Extension]
            }
            if (-not $Found.ContainsKey($Name)) {
                $Found[$Name] = @{ Name = $Name; Task = $null; Baseline = $null; Marker = $null }
            }
            if ($Part) {
                $Found[$Name][$Part] = Get-EncodedFile -Path $File.FullName
            }
        }
    }
}

$Folder = New-PrivateFolder
try {
    Send-Json -Value @{ Leases = @($Found.Values) } -Name 'leases.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
