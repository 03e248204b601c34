function Get-LeaseFolder {
    <#
    .SYNOPSIS
    Names the folder of baseline files; it need not exist.
    .DESCRIPTION
    Everybody may make folders below %ProgramData%. One that somebody else made there first could
    hold baselines that tell what to set on this host, so it is refused: it must be a real folder
    that administrators (BA) or SYSTEM (SY) own. SDDL says that in any language.
    .OUTPUTS
    The folder's absolute path.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param()

    if (-not $env:ProgramData) {
        throw 'Fleetaudit.Unsupported: the host has no %ProgramData%.'
    }
    $Leases = Join-Path -Path $env:ProgramData -ChildPath 'fleetaudit'
    if (Test-Path -LiteralPath $Leases) {
        $Link = (Get-Item -LiteralPath $Leases -Force).LinkType
        $Owner = (Get-Acl -LiteralPath $Leases).Sddl
        if ($Link -or ($Owner -notlike 'O:BA*' -and $Owner -notlike 'O:SY*')) {
            throw "Fleetaudit.LeaseFolder: $Leases was not made by an administrator; remove it."
        }
    }
    $Leases
}
