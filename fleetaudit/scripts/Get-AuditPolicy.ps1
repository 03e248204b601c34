<#
.SYNOPSIS
Asks a host for its system audit policy, by GUID and number.
.DESCRIPTION
Sends policy.csv (auditpol /backup) and, where group policy sets audit subcategories, its
gpo-audit.csv (%SystemRoot%\security\audit\audit.csv), in which the numbers mean something else.
.OUTPUTS
Records of fleetaudit/records/wire.py: how auditpol ended, then files.
.NOTES
Tools: auditpol
Changes: nothing.
Needs: an elevated administrator (SeSecurityPrivilege).
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Folder = New-PrivateFolder
try {
    $Policy = Join-Path -Path $Folder -ChildPath 'policy.csv'
    $Exit = Invoke-NativeTool -Tool 'auditpol' -Arguments @('/backup', "/file:$Policy") -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Policy -Name 'policy.csv'
    if ($env:SystemRoot) {
        $GroupPolicy = Join-Path -Path $env:SystemRoot -ChildPath 'security\audit\audit.csv'
        if (Test-Path -LiteralPath $GroupPolicy -PathType Leaf) {
            Send-File -Path $GroupPolicy -Name 'gpo-audit.csv'
        }
    }
}
finally {
    Remove-PrivateFolder -Path $Folder
}
