function Remove-PrivateFolder {
    <#
    .SYNOPSIS
    Removes a folder made by New-PrivateFolder and everything in it.
    .DESCRIPTION
    A tool that was just stopped may hold a file for a moment, so it is tried more than once.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Path
    )

    foreach ($Pause in 200, 1000, 0) {
        Remove-Item -LiteralPath $Path -Recurse -Force -ErrorAction SilentlyContinue
        if (-not (Test-Path -LiteralPath $Path)) {
            return
        }
        Start-Sleep -Milliseconds $Pause
    }
    Write-Error -Message "$Path could not be removed." -ErrorId 'Fleetaudit.LeftBehind' -ErrorAction Continue
}
