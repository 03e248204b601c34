function Get-EncodedFile {
    <#
    .SYNOPSIS
    Reads a small file as base64.
    .DESCRIPTION
    The form for ConstrainedLanguage, where .NET calls are refused. certutil cannot encode an
    empty file.
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
    $Scratch = New-PrivateFolder
    try {
        $Copy = Join-Path -Path $Scratch -ChildPath 'copy.bin'
        $Encoded = Join-Path -Path $Scratch -ChildPath 'copy.b64'
        Copy-Item -LiteralPath $Path -Destination $Copy -ErrorAction Stop
        if ((Get-Item -LiteralPath $Copy).Length -eq 0) {
            return ''
        }
        $Exit = Invoke-NativeTool -Tool 'certutil' -Arguments @('-encode', $Copy, $Encoded) -Folder $Scratch
        if ($Exit.Code -ne 0) {
            throw "Fleetaudit.EncodeFile: certutil ended with $($Exit.Code)."
        }
        $Lines = @(Get-Content -LiteralPath $Encoded -ReadCount 0) -notlike '-----*'
        $Lines -join ''
    }
    finally {
        Remove-PrivateFolder -Path $Scratch
    }
}
