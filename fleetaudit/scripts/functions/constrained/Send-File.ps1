function Send-File {
    <#
    .SYNOPSIS
    Writes a file to the pipeline, cut into pieces, with its hash at the end.
    .DESCRIPTION
    The form for ConstrainedLanguage, where .NET calls are refused: a private copy is taken, which
    works while the file is open for writing elsewhere, and certutil turns it into base64, 64
    characters a line. Every line is a whole number of bytes, so any run of lines is a piece.
    certutil cannot encode an empty file and gives up above some 70 MB.
    .OUTPUTS
    @{ Kind = 'Piece'; Name; Index; Data } as often as needed, then
    @{ Kind = 'Trailer'; Name; Encoding; Pieces; Length; Sha256 }.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Path,

        [Parameter(Mandatory = $true)]
        [string] $Name
    )

    if (-not (Test-Path -LiteralPath $Path -PathType Leaf)) {
        throw "Fleetaudit.NoFile: there is no $Name to send."
    }
    $LinesPerPiece = 4096
    $Index = 0
    $Scratch = New-PrivateFolder
    try {
        $Copy = Join-Path -Path $Scratch -ChildPath 'copy.bin'
        $Encoded = Join-Path -Path $Scratch -ChildPath 'copy.b64'
        Copy-Item -LiteralPath $Path -Destination $Copy -ErrorAction Stop
        $Length = (Get-Item -LiteralPath $Copy).Length
        if ($Length -gt 0) {
            $Exit = Invoke-NativeTool -Tool 'certutil' -Arguments @('-encode', $Copy, $Encoded) -Folder $Scratch
            if ($Exit.Code -ne 0) {
                throw "Fleetaudit.SendFile: certutil ended with $($Exit.Code)."
            }
            Get-Content -LiteralPath $Encoded -ReadCount $LinesPerPiece | ForEach-Object -Process {
                $Data = (@($_) -notlike '-----*') -join ''
                if ($Data.Length -gt 0) {
                    @{ Kind = 'Piece'; Name = $Name; Index = $Index; Data = $Data }
                    $Index += 1
                }
            }
        }
        $Sha256 = (Get-FileHash -LiteralPath $Copy -Algorithm SHA256).Hash.ToLowerInvariant()
        @{
            Kind = 'Trailer'
            Name = $Name
            Encoding = 'none'
            Pieces = $Index
            Length = $Length
            Sha256 = $Sha256
        }
    }
    finally {
        Remove-PrivateFolder -Path $Scratch
    }
}
