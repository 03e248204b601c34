<#
.SYNOPSIS
Registers a lease: a task of SYSTEM that puts settings back at a deadline, and its baseline file.
.DESCRIPTION
The baseline is written before the task exists, into a folder of administrators and SYSTEM below
%ProgramData%; where the task cannot be registered, it is taken away again, or put back as it was.
A lease of the same name is replaced, which is how one is renewed. schtasks wants the definition
as UTF-16.
.PARAMETER LeaseName
The name of the task in its folder \fleetaudit\, and of the lease's files.
.PARAMETER TaskXml
The task's definition.
.PARAMETER Baseline
What the host's settings are before the change, as JSON.
.OUTPUTS
Records of fleetaudit/records/wire.py: how icacls and schtasks ended.
.NOTES
Tools: icacls, schtasks
Changes: a task in \fleetaudit\ and a file in %ProgramData%\fleetaudit, both until Remove-Lease.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$')]
    [string] $LeaseName,

    [Parameter(Mandatory = $true)]
    [string] $TaskXml,

    [Parameter(Mandatory = $true)]
    [string] $Baseline
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Leases = Get-LeaseFolder
$Folder = New-PrivateFolder
try {
    if (-not (Test-Path -LiteralPath $Leases)) {
        $null = New-Item -ItemType Directory -Path $Leases -ErrorAction Stop
        $Arguments = @($Leases, '/setowner', '*S-1-5-32-544', '/q')
        $Exit = Invoke-NativeTool -Tool 'icacls' -Arguments $Arguments -Folder $Folder
        $Exit
        if ($Exit.Code -ne 0) {
            Send-Complaint -Folder $Folder
            return
        }
    }
    $Arguments = @(
        $Leases
        '/inheritance:r'
        '/grant:r'
        '*S-1-5-32-544:(OI)(CI)F'
        '*S-1-5-18:(OI)(CI)F'
        '/q'
    )
    $Exit = Invoke-NativeTool -Tool 'icacls' -Arguments $Arguments -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }

    $File = Join-Path -Path $Leases -ChildPath "$LeaseName.json"
    $Marker = Join-Path -Path $Leases -ChildPath "$LeaseName.fired"
    $Earlier = Join-Path -Path $Folder -ChildPath 'earlier.json'
    $Definition = Join-Path -Path $Folder -ChildPath 'task.xml'
    $IsRegistered = $false
    $HasEarlier = Test-Path -LiteralPath $File -PathType Leaf
    if ($HasEarlier) {
        Copy-Item -LiteralPath $File -Destination $Earlier -ErrorAction Stop
    }
    try {
        Set-Content -LiteralPath $File -Value $Baseline -Encoding UTF8
        Set-Content -LiteralPath $Definition -Value $TaskXml -Encoding Unicode
        Remove-Item -LiteralPath $Marker -Force -ErrorAction SilentlyContinue
        $Arguments = @('/Create', '/TN', "\fleetaudit\$LeaseName", '/XML', $Definition, '/F')
        $Exit = Invoke-NativeTool -Tool 'schtasks' -Arguments $Arguments -Folder $Folder
        $Exit
        $IsRegistered = $Exit.Code -eq 0
        if (-not $IsRegistered) {
            Send-Complaint -Folder $Folder
        }
    }
    finally {
        if (-not $IsRegistered) {
            Remove-Item -LiteralPath $File -Force -ErrorAction SilentlyContinue
            if ($HasEarlier) {
                Copy-Item -LiteralPath $Earlier -Destination $File -ErrorAction Stop
            }
        }
    }
}
finally {
    Remove-PrivateFolder -Path $Folder
}
