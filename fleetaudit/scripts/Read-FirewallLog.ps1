<#
.SYNOPSIS
Reads what the firewall logs of its profiles, and the log files themselves.
.DESCRIPTION
Sends facts.json (the log settings of each profile, of the local store, of device management and
of group policy, and the files that exist) and, for the n-th path that exists, pfirewall-n.log and
pfirewall-n.log.old. Profiles may share a path; each is read once. Where group policy sets a path,
it wins, then device management. A path on another machine is not read. Where there is no file at
all, nothing is known of drops, so that ends as unsupported, after facts.json. The firewall holds the
live file open, so it is read beside it.
.OUTPUTS
Records of fleetaudit/records/wire.py: files.
.NOTES
Tools: none
Changes: nothing.
Needs: an administrator (the log's folder lets in administrators, SYSTEM and the firewall).
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Profiles = @(Get-FirewallLogSetting)
$Chosen = @{ Domain = ''; Private = ''; Public = '' }
foreach ($One in $Profiles) {
    if ($One.LogFilePath) {
        $Chosen[$One.Profile] = $One.LogFilePath
    }
}

$Seen = @{}
$Paths = @(
    foreach ($Name in 'Domain', 'Private', 'Public') {
        $Path = $Chosen[$Name]
        if (-not $Path) {
            $Path = '%SystemRoot%\System32\LogFiles\Firewall\pfirewall.log'
        }
        $Path = Expand-Path -Path $Path
        if (-not $Seen.ContainsKey($Path) -and $Path -notlike '\\*') {
            $Seen[$Path] = $true
            $Path
        }
    }
)

$Number = 0
$Logs = @(
    foreach ($Path in $Paths) {
        $Existing = @($Path, "$Path.old" | Where-Object -FilterScript { Test-Path -LiteralPath $_ -PathType Leaf })
        if ($Existing.Count -gt 0) {
            $Number += 1
        }
        foreach ($File in $Existing) {
            $Name = "pfirewall-$Number.log"
            if ($File -ne $Path) {
                $Name = "$Name.old"
            }
            @{ Name = $Name; Path = $File; Length = (Get-Item -LiteralPath $File -Force).Length }
        }
    }
)

$Folder = New-PrivateFolder
try {
    Send-Json -Value @{ Profiles = $Profiles; Logs = $Logs } -Name 'facts.json' -Folder $Folder
    foreach ($Log in $Logs) {
        Send-File -Path $Log.Path -Name $Log.Name
    }
    if ($Logs.Count -eq 0) {
        throw 'Fleetaudit.Unsupported: no log file; the firewall logs nothing, or may not write there.'
    }
}
finally {
    Remove-PrivateFolder -Path $Folder
}
