function Get-FirewallLogSetting {
    <#
    .SYNOPSIS
    Reads what the firewall logs, of each profile, in each store that says something of it.
    .DESCRIPTION
    The stores come as they outrank one another: the local one, device management, group policy.
    What a store does not say is null.
    .OUTPUTS
    @{ Profile; Store; LogFilePath; LogDroppedPackets; LogSuccessfulConnections; LogFileSize }.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()

    $Local = 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
    $GroupPolicy = 'HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall'
    if (-not (Test-Path -LiteralPath $Local)) {
        throw 'Fleetaudit.Unsupported: the host has no Windows Firewall policy.'
    }
    $Sources = @(
        @{ Profile = 'Domain'; Store = 'local'; Key = "$Local\DomainProfile" }
        @{ Profile = 'Private'; Store = 'local'; Key = "$Local\StandardProfile" }
        @{ Profile = 'Public'; Store = 'local'; Key = "$Local\PublicProfile" }
        @{ Profile = 'Domain'; Store = 'mdm'; Key = "$Local\Mdm\DomainProfile" }
        @{ Profile = 'Private'; Store = 'mdm'; Key = "$Local\Mdm\StandardProfile" }
        @{ Profile = 'Private'; Store = 'mdm'; Key = "$Local\Mdm\PrivateProfile" }
        @{ Profile = 'Public'; Store = 'mdm'; Key = "$Local\Mdm\PublicProfile" }
        @{ Profile = 'Domain'; Store = 'gpo'; Key = "$GroupPolicy\DomainProfile" }
        @{ Profile = 'Private'; Store = 'gpo'; Key = "$GroupPolicy\StandardProfile" }
        @{ Profile = 'Private'; Store = 'gpo'; Key = "$GroupPolicy\PrivateProfile" }
        @{ Profile = 'Public'; Store = 'gpo'; Key = "$GroupPolicy\PublicProfile" }
    )
    foreach ($Source in $Sources) {
        $Logging = Get-ItemProperty -LiteralPath "$($Source.Key)\Logging" -ErrorAction SilentlyContinue
        if ($null -ne $Logging) {
            @{
                Profile = $Source.Profile
                Store = $Source.Store
                LogFilePath = $Logging.LogFilePath
                LogDroppedPackets = $Logging.LogDroppedPackets
                LogSuccessfulConnections = $Logging.LogSuccessfulConnections
                LogFileSize = $Logging.LogFileSize
            }
        }
    }
}
