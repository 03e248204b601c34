<#
.SYNOPSIS
Sets what the firewall logs in one profile: whether it logs drops, or how large its log may become.
.DESCRIPTION
netsh tells the firewall's service, which takes it up at once; a change of the registry alone would
wait for the next start. The path of the log is never changed.
.PARAMETER ProfileName
Domain, Private or Public.
.PARAMETER Setting
droppedconnections or maxfilesize, as netsh calls them.
.PARAMETER Value
enable or disable; or kilobytes from 1 to 32767.
.PARAMETER LeaseName
The lease that guards the change; empty where none does, or where the change is undone.
.OUTPUTS
Records of fleetaudit/records/wire.py: how netsh ended.
.NOTES
Tools: netsh
Changes: the one setting of the one profile in the local store of the Windows Firewall.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('Domain', 'Private', 'Public')]
    [string] $ProfileName,

    [Parameter(Mandatory = $true)]
    [ValidateSet('droppedconnections', 'maxfilesize')]
    [string] $Setting,

    [Parameter(Mandatory = $true)]
    [ValidatePattern('^(enable|disable|[1-9][0-9]{0,4})$')]
    [string] $Value,

    [ValidatePattern('^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$')]
    [string] $LeaseName = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Name = "$($ProfileName.ToLowerInvariant())profile"
$Arguments = @('advfirewall', 'set', $Name, 'logging', $Setting, $Value)
Invoke-GuardedTool -Tool 'netsh' -Arguments $Arguments -LeaseName $LeaseName
