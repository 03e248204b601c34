<#
.SYNOPSIS
Asks a host which names its DNS client remembers.
.DESCRIPTION
Sends dns-cache.json (Get-DnsClientCache): the host's time, and each entry with its record's name,
type, status, section, remaining seconds and data. Negative answers have a status and no data.
.OUTPUTS
Records of fleetaudit/records/wire.py: a file.
.NOTES
Tools: none
Changes: nothing.
Needs: an account that may use PowerShell remoting.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Folder = New-PrivateFolder
try {
    if (-not (Get-Command -Name 'Get-DnsClientCache' -ErrorAction SilentlyContinue)) {
        throw 'Fleetaudit.Unsupported: the host has no Get-DnsClientCache.'
    }
    $HostTime = [datetime]::UtcNow.ToString('o')
    $Entries = @(
        Get-DnsClientCache | ForEach-Object -Process {
            @{
                Entry = $_.Entry
                Name = $_.Name
                Type = $_.Type
                Status = $_.Status
                Section = $_.Section
                TimeToLive = $_.TimeToLive
                DataLength = $_.DataLength
                Data = $_.Data
            }
        }
    )
    $Cache = @{ HostTime = $HostTime; Entries = $Entries }
    Send-Json -Value $Cache -Name 'dns-cache.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
