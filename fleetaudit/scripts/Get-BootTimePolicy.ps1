<#
.SYNOPSIS
Asks a host for the filters that protect it until its firewall has started.
.DESCRIPTION
Sends btpol.xml (netsh wfp show boottimepolicy), byte for byte as netsh wrote it into a file.
.OUTPUTS
Records of fleetaudit/records/wire.py: how netsh ended, then the file.
.NOTES
Tools: netsh
Changes: nothing.
Needs: an elevated administrator.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Folder = New-PrivateFolder
try {
    $Policy = Join-Path -Path $Folder -ChildPath 'btpol.xml'
    $Arguments = @('wfp', 'show', 'boottimepolicy', "file=$Policy")
    $Exit = Invoke-NativeTool -Tool 'netsh' -Arguments $Arguments -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Policy -Name 'btpol.xml'
}
finally {
    Remove-PrivateFolder -Path $Folder
}
