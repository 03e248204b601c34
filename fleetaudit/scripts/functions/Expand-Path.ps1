function Expand-Path {
    <#
    .SYNOPSIS
    Replaces %NAME% in a path by the environment variable's value.
    .DESCRIPTION
    The registry provider expands REG_EXPAND_SZ only, and the firewall's log path is a REG_SZ.
    What has no such variable stays as it is.
    .OUTPUTS
    The path.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Path
    )

    foreach ($Part in [regex]::Matches($Path, '%[^%]+%')) {
        $Variable = Get-Item -LiteralPath "Env:$($Part.Value.Trim('%'))" -ErrorAction SilentlyContinue
        if ($null -ne $Variable) {
            $Path = $Path.Replace($Part.Value, $Variable.Value)
        }
    }
    $Path
}
