<#
.SYNOPSIS
Sets which net events the filtering platform keeps beside the usual ones.
.DESCRIPTION
The option is the machine's and outlives a restart.
.PARAMETER Keywords
none, bcast, mcast or bcast+mcast, as netsh calls them.
.PARAMETER LeaseName
The lease that guards the change; empty where none does, or where the change is undone.
.OUTPUTS
Records of fleetaudit/records/wire.py: how netsh ended.
.NOTES
Tools: netsh
Changes: the option NET_EVENT_MATCH_ANY_KEYWORDS of the filtering platform.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('none', 'bcast', 'mcast', 'bcast+mcast')]
    [string] $Keywords,

    [ValidatePattern('^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$')]
    [string] $LeaseName = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Arguments = @('wfp', 'set', 'options', "keywords=$Keywords")
Invoke-GuardedTool -Tool 'netsh' -Arguments $Arguments -LeaseName $LeaseName
