function Send-Complaint {
    <#
    .SYNOPSIS
    Sends what a failed tool said as stderr.txt, if it said anything.
    .DESCRIPTION
    netsh and reg complain on stdout, so stdout is sent where stderr is empty. A file of up to
    three bytes holds at most a byte order mark.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Folder
    )

    foreach ($Stream in 'stderr.txt', 'stdout.txt') {
        $Path = Join-Path -Path $Folder -ChildPath $Stream
        if ((Test-Path -LiteralPath $Path) -and (Get-Item -LiteralPath $Path).Length -gt 3) {
            Send-File -Path $Path -Name 'stderr.txt'
            return
        }
    }
}
