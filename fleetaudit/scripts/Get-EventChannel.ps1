<#
.SYNOPSIS
Asks a host whether the log of its DNS client is on.
.DESCRIPTION
Sends facts.json. A host without the channel is unsupported.
.PARAMETER Channel
The name of the channel.
.OUTPUTS
Records of fleetaudit/records/wire.py: a file.
.NOTES
Tools: none
Changes: nothing.
Needs: an administrator.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('Microsoft-Windows-DNS-Client/Operational')]
    [string] $Channel
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Log = Get-WinEvent -ListLog $Channel -ErrorAction SilentlyContinue
if ($null -eq $Log) {
    throw "Fleetaudit.Unsupported: the host has no channel $Channel."
}
$Folder = New-PrivateFolder
try {
    Send-Json -Value @{ Channel = $Channel; IsEnabled = $Log.IsEnabled } -Name 'facts.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
