<#
.SYNOPSIS
Asks a host which net events its filtering platform keeps beside the usual ones.
.DESCRIPTION
Sends options.txt, the output of netsh wfp show options optionsfor=keywords.
.OUTPUTS
Records of fleetaudit/records/wire.py: how netsh ended, then a file.
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
    $Options = Join-Path -Path $Folder -ChildPath 'options.txt'
    $Arguments = @('wfp', 'show', 'options', 'optionsfor=keywords')
    $Exit = Invoke-NativeTool -Tool 'netsh' -Arguments $Arguments -Folder $Folder -OutputPath $Options
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Options -Name 'options.txt'
}
finally {
    Remove-PrivateFolder -Path $Folder
}
