<#
.SYNOPSIS
Asks a host what its firewall logs, for each profile and store.
.DESCRIPTION
Sends facts.json. The registry has numbers, where netsh and the firewall's cmdlets have words.
.OUTPUTS
Records of fleetaudit/records/wire.py: a file.
.NOTES
Tools: none
Changes: nothing.
Needs: an administrator.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Profiles = @(Get-FirewallLogSetting)
$Folder = New-PrivateFolder
try {
    Send-Json -Value @{ Profiles = $Profiles } -Name 'facts.json' -Folder $Folder
}
finally {
    Remove-PrivateFolder -Path $Folder
}
