<#
.SYNOPSIS
Asks a host for the drops that the Windows Filtering Platform remembers by itself.
.DESCRIPTION
Sends netevents.xml (netsh wfp show netevents), byte for byte as netsh wrote it into a file. The
platform keeps them in a ring of limited size; whether it keeps any, and which, is not changed.
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
    $Events = Join-Path -Path $Folder -ChildPath 'netevents.xml'
    $Exit = Invoke-NativeTool -Tool 'netsh' -Arguments @('wfp', 'show', 'netevents', "file=$Events") -Folder $Folder
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Events -Name 'netevents.xml'
}
finally {
    Remove-PrivateFolder -Path $Folder
}
