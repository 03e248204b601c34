<#
.SYNOPSIS
Asks a host for what gives its records a meaning: services, processes, addresses, listeners.
.DESCRIPTION
Sends services.json, processes.json, addresses.json, listeners.json (TCP and UDP), interfaces.json
(networks and the firewall profile of each) and volumes.txt (fltmc volumes). Windows 7 has none of
the Get-Net cmdlets: there the addresses come from Win32_NetworkAdapterConfiguration, and what it
cannot say is named in unsupported.json.
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
$Addresses = @()
$Listeners = @()
$Interfaces = @()
$Unsupported = @()
if (Get-Command -Name 'Get-NetIPAddress' -ErrorAction SilentlyContinue) {
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
}
else {
    $Addresses = @(
        foreach ($Adapter in Get-CimInstance -ClassName Win32_NetworkAdapterConfiguration) {
            $Masks = @($Adapter.IPSubnet)
            $Place = 0
            foreach ($Address in @($Adapter.IPAddress | Where-Object -FilterScript { $_ })) {
                @{
                    IPAddress = $Address
                    IPSubnet = $Masks[$Place]
                    InterfaceIndex = $Adapter.InterfaceIndex
                    InterfaceAlias = $Adapter.Description
                }
                $Place += 1
            }
        }
    )
}
if (Get-Command -Name 'Get-NetTCPConnection' -ErrorAction SilentlyContinue) {
    $Listeners = @(
        Get-NetTCPConnection | Where-Object -FilterScript { "$($_.State)" -eq 'Listen' } | ForEach-Object -Process {
            @{
                Protocol = 6
                LocalAddress = $_.LocalAddress
                LocalPort = $_.LocalPort
                OwningProcess = $_.OwningProcess
            }
        }
        Get-NetUDPEndpoint | ForEach-Object -Process {
            @{
                Protocol = 17
                LocalAddress = $_.LocalAddress
                LocalPort = $_.LocalPort
                OwningProcess = $_.OwningProcess
            }
        }
    )
}
else {
    $Unsupported += @{ Name = 'listeners.json'; Missing = 'Get-NetTCPConnection' }
}
if (Get-Command -Name 'Get-NetConnectionProfile' -ErrorAction SilentlyContinue) {
    $Interfaces = @(
        Get-NetConnectionProfile | ForEach-Object -Process {
            @{
                InterfaceIndex = $_.InterfaceIndex
                InterfaceAlias = $_.InterfaceAlias
                Name = $_.Name
                NetworkCategory = [int] $_.NetworkCategory
            }
        }
    )
}
else {
    $Unsupported += @{ Name = 'interfaces.json'; Missing = 'Get-NetConnectionProfile' }
}
$IsMissing = @{}
foreach ($File in $Unsupported) {
    $IsMissing[$File.Name] = $true
}

$Folder = New-PrivateFolder
try {
    Send-Json -Value $Services -Name 'services.json' -Folder $Folder
    Send-Json -Value $Processes -Name 'processes.json' -Folder $Folder
    Send-Json -Value $Addresses -Name 'addresses.json' -Folder $Folder
    if (-not $IsMissing['listeners.json']) {
        Send-Json -Value $Listeners -Name 'listeners.json' -Folder $Folder
    }
    if (-not $IsMissing['interfaces.json']) {
        Send-Json -Value $Interfaces -Name 'interfaces.json' -Folder $Folder
    }
    if ($Unsupported.Count -gt 0) {
        Send-Json -Value $Unsupported -Name 'unsupported.json' -Folder $Folder
    }
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
