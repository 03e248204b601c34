function Send-File {
    <#
    .SYNOPSIS
    Writes a file to the pipeline, compressed and cut into pieces, with its hash at the end.
    .DESCRIPTION
    Memory stays flat whatever the size. The file may be open for writing elsewhere, renamed or
    deleted meanwhile: all sharing is allowed. .NET Framework writes no gzip stream at all for no
    bytes, so an empty file is sent as none.
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
    $PieceBytes = 196608
    $Block = [byte[]]::new(65536)
    $Index = 0
    $Length = [long] 0
    $Source = $null
    $Hash = $null
    $Packed = $null
    $Gzip = $null
    try {
        $Source = [IO.FileStream]::new(
            $Path,
            [IO.FileMode]::Open,
            [IO.FileAccess]::Read,
            [IO.FileShare] 'ReadWrite, Delete'
        )
        $Hash = [Security.Cryptography.SHA256CryptoServiceProvider]::new()
        $Packed = [IO.MemoryStream]::new()
        $Gzip = [IO.Compression.GZipStream]::new($Packed, [IO.Compression.CompressionMode]::Compress, $true)
        while (($Count = $Source.Read($Block, 0, $Block.Length)) -gt 0) {
            $Length += $Count
            $null = $Hash.TransformBlock($Block, 0, $Count, $null, 0)
            $Gzip.Write($Block, 0, $Count)
            while ($Packed.Length -ge $PieceBytes) {
                $Bytes = $Packed.ToArray()
                @{
                    Kind = 'Piece'
                    Name = $Name
                    Index = $Index
                    Data = [Convert]::ToBase64String($Bytes, 0, $PieceBytes)
                }
                $Index += 1
                $Packed.SetLength(0)
                $Packed.Write($Bytes, $PieceBytes, $Bytes.Length - $PieceBytes)
            }
        }
        $null = $Hash.TransformFinalBlock($Block, 0, 0)
        $Gzip.Dispose()
        $Rest = $Packed.ToArray()
        $Encoding = 'none'
        if ($Length -gt 0) {
            $Encoding = 'gzip'
            for ($Start = 0; $Start -lt $Rest.Length; $Start += $PieceBytes) {
                $Size = [Math]::Min($PieceBytes, $Rest.Length - $Start)
                @{
                    Kind = 'Piece'
                    Name = $Name
                    Index = $Index
                    Data = [Convert]::ToBase64String($Rest, $Start, $Size)
                }
                $Index += 1
            }
        }
        @{
            Kind = 'Trailer'
            Name = $Name
            Encoding = $Encoding
            Pieces = $Index
            Length = $Length
            Sha256 = [BitConverter]::ToString($Hash.Hash).Replace('-', '').ToLowerInvariant()
        }
    }
    finally {
        foreach ($Resource in $Gzip, $Packed, $Hash, $Source) {
            if ($null -ne $Resource) {
                $Resource.Dispose()
            }
        }
    }
}
