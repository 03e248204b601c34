<#
.SYNOPSIS
Asks a host for every filter, provider context and layer of the Windows Filtering Platform.
.DESCRIPTION
Sends wfpstate.xml (netsh wfp show state), byte for byte as netsh wrote it into a file: on its
way through a console it would lose characters.
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
    $State = Join-Path -Path $Folder -ChildPath 'wfpstate.xml'
    $Exit = Invoke-NativeTool -Tool 'netsh' -Arguments @('wfp', 'show', 'state', "file=$State") -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $State -Name 'wfpstate.xml'
}
finally {
    Remove-PrivateFolder -Path $Folder
}
