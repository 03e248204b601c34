function Get-EncodedFile {
    <#
    .SYNOPSIS
    Reads a small file as base64.
    .OUTPUTS
    One string without line ends; an empty one for an empty file.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Path
    )

    if ((Get-Item -LiteralPath $Path -Force).Length -gt 1048576) {
        throw "Fleetaudit.LargeFile: $Path is larger than a lease's file can be."
    }
    [Convert]::ToBase64String([IO.File]::ReadAllBytes($Path))
}
