<#
.SYNOPSIS
Asks a host for what gives its records a meaning: services, processes, addresses, volumes.
.DESCRIPTION
Sends services.json, processes.json, addresses.json and volumes.txt (fltmc volumes).
.OUTPUTS
Records of fleetaudit/records/wire.py: files, and how fltmc ended.
.NOTES
Tools: fltmc
Changes: nothing.
Needs: an elevated administrator (fltmc, and the programs of other accounts' processes).
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Services = @(
    Get-CimInstance -ClassName Win32_Service | ForEach-Object -Process {
        @{
            Name = $_.Name
            DisplayName = $_.DisplayName
            ProcessId = $_.ProcessId
            State = $_.State
            StartMode = $_.StartMode
            StartName = $_.StartName
            PathName = $_.PathName
        }
    }
)
$Processes = @(
    Get-CimInstance -ClassName Win32_Process | ForEach-Object -Process {
        $CreationDate = $null
        if ($null -ne $_.CreationDate) {
            $CreationDate = $_.CreationDate.ToUniversalTime().ToString('o')
        }
        @{
            ProcessId = $_.ProcessId
            Name = $_.Name
            ExecutablePath = $_.ExecutablePath
            CreationDate = $CreationDate
        }
    }
)
$Addresses = @(
    Get-NetIPAddress | ForEach-Object -Process {
        @{
            IPAddress = $_.IPAddress
            PrefixLength = $_.PrefixLength
            InterfaceIndex = $_.InterfaceIndex
            InterfaceAlias = $_.InterfaceAlias
        }
    }
)

$Folder = New-PrivateFolder
try {
    Send-Json -Value $Services -Name 'services.json' -Folder $Folder
    Send-Json -Value $Processes -Name 'processes.json' -Folder $Folder
    Send-Json -Value $Addresses -Name 'addresses.json' -Folder $Folder
    $Volumes = Join-Path -Path $Folder -ChildPath 'volumes.txt'
    $Exit = Invoke-NativeTool -Tool 'fltmc' -Arguments @('volumes') -Folder $Folder -OutputPath $Volumes
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Volumes -Name 'volumes.txt'
}
finally {
    Remove-PrivateFolder -Path $Folder
}
