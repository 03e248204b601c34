<#
.SYNOPSIS
Asks a host for its firewall rules and profiles as the registry has them.
.DESCRIPTION
Sends firewall-local.reg and, where group policy has a firewall policy, firewall-gpo.reg, as reg
export writes them.
.OUTPUTS
Records of fleetaudit/records/wire.py: how reg ended and the file it wrote, for each store.
.NOTES
Tools: reg
Changes: nothing.
Needs: an administrator.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Stores = @(
    @{
        Name = 'firewall-local.reg'
        Key = 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
    }
    @{
        Name = 'firewall-gpo.reg'
        Key = 'SOFTWARE\Policies\Microsoft\WindowsFirewall'
    }
)
$Present = @($Stores | Where-Object -FilterScript { Test-Path -LiteralPath "HKLM:\$($_.Key)" })
if ($Present.Count -eq 0) {
    throw 'Fleetaudit.Unsupported: the host has no Windows Firewall policy.'
}

$Folder = New-PrivateFolder
try {
    foreach ($Store in $Present) {
        $Path = Join-Path -Path $Folder -ChildPath $Store.Name
        $Arguments = @('export', "HKLM\$($Store.Key)", $Path, '/y')
        $Exit = Invoke-NativeTool -Tool 'reg' -Arguments $Arguments -Folder $Folder
        $Exit
        if ($Exit.Code -ne 0) {
            Send-Complaint -Folder $Folder
            return
        }
        Send-File -Path $Path -Name $Store.Name
    }
}
finally {
    Remove-PrivateFolder -Path $Folder
}
