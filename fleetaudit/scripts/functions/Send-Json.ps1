function Send-Json {
    <#
    .SYNOPSIS
    Sends a value as a JSON file.
    .DESCRIPTION
    Texts that the host can choose must not travel as strings of their own: a lone surrogate in one
    breaks the receiving end. Written to a file as UTF-8 it becomes U+FFFD.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)]
        [AllowEmptyCollection()]
        [object] $Value,

        [Parameter(Mandatory = $true)]
        [string] $Name,

        [Parameter(Mandatory = $true)]
        [string] $Folder
    )

    $Path = Join-Path -Path $Folder -ChildPath $Name
    ConvertTo-Json -InputObject $Value -Depth 4 -Compress | Set-Content -LiteralPath $Path -Encoding UTF8
    Send-File -Path $Path -Name $Name
}
