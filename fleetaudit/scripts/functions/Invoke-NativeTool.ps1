function Invoke-NativeTool {
    <#
    .SYNOPSIS
    Runs a tool of Windows, keeps what it says in files, and tells how it ended.
    .DESCRIPTION
    stdout goes to OutputPath, line by line as UTF-8, and stderr to stderr.txt in Folder; the two
    are never merged, because their order is not kept. Windows PowerShell ends a script when a
    tool writes to a redirected stderr while ErrorActionPreference is Stop, hence Continue here.
    A tool that could not be started must not pass for one that ended with the last tool's code,
    hence the catch. Set-Content makes no file where nothing is said, so what an earlier tool said
    is removed first.
    .OUTPUTS
    The record @{ Kind = 'Exit'; Tool; Code }.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Tool,

        [Parameter(Mandatory = $true)]
        [string[]] $Arguments,

        [Parameter(Mandatory = $true)]
        [string] $Folder,

        [string] $OutputPath = (Join-Path -Path $Folder -ChildPath 'stdout.txt')
    )

    if (-not (Get-Command -Name $Tool -CommandType Application -ErrorAction SilentlyContinue)) {
        throw "Fleetaudit.Unsupported: the host has no $Tool."
    }
    $ErrorActionPreference = 'Continue'
    $PSNativeCommandUseErrorActionPreference = $false
    $ComplaintPath = Join-Path -Path $Folder -ChildPath 'stderr.txt'
    Remove-Item -LiteralPath $OutputPath -ErrorAction SilentlyContinue
    try {
        & $Tool @Arguments 2> $ComplaintPath | Set-Content -LiteralPath $OutputPath -Encoding UTF8
        @{ Kind = 'Exit'; Tool = $Tool; Code = [int] $LASTEXITCODE }
    }
    catch {
        throw
    }
}
