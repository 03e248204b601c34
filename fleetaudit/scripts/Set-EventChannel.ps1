<#
.SYNOPSIS
Switches the log of the DNS client on or off.
.DESCRIPTION
What the log holds stays in it either way, and its size is left alone.
.PARAMETER Channel
The name of the channel.
.PARAMETER Enabled
true or false.
.PARAMETER LeaseName
The lease that guards the change; empty where none does, or where the change is undone.
.OUTPUTS
Records of fleetaudit/records/wire.py: how wevtutil ended.
.NOTES
Tools: wevtutil
Changes: whether the one channel is on.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('Microsoft-Windows-DNS-Client/Operational')]
    [string] $Channel,

    [Parameter(Mandatory = $true)]
    [ValidateSet('true', 'false')]
    [string] $Enabled,

    [ValidatePattern('^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$')]
    [string] $LeaseName = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Arguments = @('sl', $Channel, "/e:$Enabled")
Invoke-GuardedTool -Tool 'wevtutil' -Arguments $Arguments -LeaseName $LeaseName
