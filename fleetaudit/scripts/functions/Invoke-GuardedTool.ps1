function Invoke-GuardedTool {
    <#
    .SYNOPSIS
    Lets a tool of Windows change a setting while the lease that has to guard the change stands.
    .DESCRIPTION
    A lease may have ended the change already, or somebody may have deleted its task: nothing would
    undo what is changed now, so the script ends. Without a name nothing is asked, because the change
    is being undone, or is made without a lease on purpose.
    .OUTPUTS
    The record of how the tool ended; where it failed, what it said as a file.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Tool,

        [Parameter(Mandatory = $true)]
        [string[]] $Arguments,

        [string] $LeaseName = ''
    )

    if ($LeaseName) {
        $Task = Join-Path -Path $env:SystemRoot -ChildPath "System32\Tasks\fleetaudit\$LeaseName"
        if (-not (Test-Path -LiteralPath $Task -PathType Leaf)) {
            throw 'Fleetaudit.NoLease: the lease that has to guard the change is gone.'
        }
    }
    $Folder = New-PrivateFolder
    try {
        $Exit = Invoke-NativeTool -Tool $Tool -Arguments $Arguments -Folder $Folder
        $Exit
        if ($Exit.Code -ne 0) {
            Send-Complaint -Folder $Folder
        }
    }
    finally {
        Remove-PrivateFolder -Path $Folder
    }
}
