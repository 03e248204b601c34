function Assert-Lease {
    <#
    .SYNOPSIS
    Ends the script where the lease that has to guard a change does not stand.
    .DESCRIPTION
    Its task may have ended the change already, or somebody may have deleted it: nothing would undo
    what is changed now. Without a name nothing is asked, because the change is being undone, or is
    made without a lease on purpose.
    #>
    [CmdletBinding()]
    param(
        [string] $Name = ''
    )

    if ($Name) {
        $Task = Join-Path -Path $env:SystemRoot -ChildPath "System32\Tasks\fleetaudit\$Name"
        if (-not (Test-Path -LiteralPath $Task -PathType Leaf)) {
            throw 'Fleetaudit.NoLease: the lease that has to guard the change is gone.'
        }
    }
}
