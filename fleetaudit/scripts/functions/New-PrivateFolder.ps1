function New-PrivateFolder {
    <#
    .SYNOPSIS
    Makes a folder with a random name that only administrators, SYSTEM and its owner can read.
    .DESCRIPTION
    The rights are set, by SID and with inheritance removed, before anything is written into it.
    The owner (S-1-3-4) keeps access, so that an account without elevation can be told so.
    Whoever calls this removes the folder with Remove-PrivateFolder in a finally block.
    .OUTPUTS
    The folder's absolute path.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param()

    $Parent = '/tmp'
    if ($env:TMPDIR) {
        $Parent = $env:TMPDIR
    }
    if ($env:SystemRoot) {
        $Parent = Join-Path -Path $env:SystemRoot -ChildPath 'Temp'
    }
    $Folder = Join-Path -Path $Parent -ChildPath ('fleetaudit-' + [guid]::NewGuid().ToString('N'))
    $null = New-Item -ItemType Directory -Path $Folder -ErrorAction Stop

    $IsPrivate = $false
    try {
        $Arguments = @(
            $Folder
            '/inheritance:r'
            '/grant:r'
            '*S-1-5-32-544:(OI)(CI)F'
            '*S-1-5-18:(OI)(CI)F'
            '*S-1-3-4:(OI)(CI)F'
            '/q'
        )
        $ErrorActionPreference = 'Continue'
        & icacls @Arguments > $null 2> $null
        if ($LASTEXITCODE -ne 0) {
            throw "Fleetaudit.PrivateFolder: icacls ended with $LASTEXITCODE."
        }
        $ErrorActionPreference = 'Stop'
        if (@(Get-ChildItem -LiteralPath $Folder -Force).Count -ne 0) {
            throw 'Fleetaudit.PrivateFolder: something was in the new folder before it was private.'
        }
        $IsPrivate = $true
    }
    catch {
        throw
    }
    finally {
        if (-not $IsPrivate) {
            Remove-PrivateFolder -Path $Folder
        }
    }
    $Folder
}
