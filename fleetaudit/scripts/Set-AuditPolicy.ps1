<#
.SYNOPSIS
Sets both flags of one audit subcategory.
.DESCRIPTION
Both flags are always given, because auditpol leaves a flag alone that is not named, and the
subcategory stands alone, because auditpol sets a whole category where one is named beside it.
A lease that is named has to stand: where its task has ended the audit already, or somebody has
deleted it, nothing is set.
.PARAMETER Subcategory
The subcategory's GUID in braces.
.PARAMETER Success
Whether successes are audited: enable or disable.
.PARAMETER Failure
Whether failures are audited: enable or disable.
.PARAMETER LeaseName
The lease that guards the change; empty where none does, or where the change is undone.
.OUTPUTS
Records of fleetaudit/records/wire.py: how auditpol ended.
.NOTES
Tools: auditpol
Changes: the setting of the one subcategory in the system audit policy; Windows records that as 4719.
Needs: an elevated administrator (SeSecurityPrivilege).
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [ValidatePattern('^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$')]
    [string] $Subcategory,

    [Parameter(Mandatory = $true)]
    [ValidateSet('enable', 'disable')]
    [string] $Success,

    [Parameter(Mandatory = $true)]
    [ValidateSet('enable', 'disable')]
    [string] $Failure,

    [ValidatePattern('^([A-Za-z0-9][A-Za-z0-9._-]{0,99})?$')]
    [string] $LeaseName = ''
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Arguments = @('/set', "/subcategory:$Subcategory", "/success:$Success", "/failure:$Failure")
Invoke-GuardedTool -Tool 'auditpol' -Arguments $Arguments -LeaseName $LeaseName
