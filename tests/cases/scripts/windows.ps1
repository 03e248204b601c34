# What Windows has and PowerShell on Linux has not, as functions; dot-sourced before a script runs.

function Get-CimInstance {
    [CmdletBinding()]
    param([string] $ClassName, [string] $Filter)

    $Moment = [datetime]::new(2026, 11, 20, 5, 11, 9, [DateTimeKind]::Utc)
    switch ($ClassName) {
        'Win32_OperatingSystem' {
            [pscustomobject]@{
                BuildNumber = '20348'
                Caption = 'Microsoft Windows Server 2022 Standard '
                MUILanguages = @('de-DE')
                LastBootUpTime = $Moment.ToLocalTime()
            }
        }
        'Win32_LogicalDisk' {
            [pscustomobject]@{ DeviceID = 'C:'; FreeSpace = [uint64] 42949672960 }
        }
        'Win32_Service' {
            [pscustomobject]@{
                Name = 'BFE'
                DisplayName = ([string] [char] 0xD800) + 'Basisfiltermodul'
                ProcessId = [uint32] 1234
                State = 'Running'
                StartMode = 'Auto'
                StartName = 'NT AUTHORITY\LocalService'
                PathName = 'C:\Windows\system32\svchost.exe -k LocalServiceNoNetworkFirewall -p'
            }
        }
        'Win32_Process' {
            [pscustomobject]@{
                ProcessId = [uint32] 0
                Name = 'System Idle Process'
                ExecutablePath = $null
                CreationDate = $null
            }
            [pscustomobject]@{
                ProcessId = [uint32] 1234
                Name = 'svchost.exe'
                ExecutablePath = 'C:\Windows\system32\svchost.exe'
                CreationDate = $Moment.ToLocalTime()
            }
        }
    }
}

function Get-NetIPAddress {
    [CmdletBinding()]
    param()

    [pscustomobject]@{
        IPAddress = '192.0.2.10'
        PrefixLength = [byte] 24
        InterfaceIndex = [uint32] 5
        InterfaceAlias = 'Ethernet'
    }
}

function Get-NetTCPConnection {
    [CmdletBinding()]
    param()

    foreach ($State in 'Listen', 'Established') {
        [pscustomobject]@{
            LocalAddress = '0.0.0.0'
            LocalPort = [uint16] 135
            OwningProcess = [uint32] 1234
            State = $State
        }
    }
}

function Get-NetUDPEndpoint {
    [CmdletBinding()]
    param()

    [pscustomobject]@{ LocalAddress = '::'; LocalPort = [uint16] 5353; OwningProcess = [uint32] 1234 }
}

function Get-NetConnectionProfile {
    [CmdletBinding()]
    param()

    [pscustomobject]@{
        InterfaceIndex = [uint32] 5
        InterfaceAlias = 'Ethernet'
        Name = 'corp.example'
        NetworkCategory = 2
    }
}

function Get-WinEvent {
    [CmdletBinding()]
    param([string[]] $ListLog, [string[]] $LogName, [switch] $Oldest, [long] $MaxEvents)

    if ($LogName -and $Oldest -and $MaxEvents -eq 1) {
        $Moment = [datetime]::new(2026, 11, 18, 22, 10, 0, [DateTimeKind]::Utc)
        return [pscustomobject]@{ TimeCreated = $Moment.ToLocalTime() }
    }
    [pscustomobject]@{
        MaximumSizeInBytes = [long] 20971520
        LogMode = 'Circular'
        IsEnabled = $true
        RecordCount = [long] 40211
        OldestRecordNumber = [long] 118
        FileSize = [long] 20975616
    }
}

function Get-Item {
    [CmdletBinding()]
    param([string] $LiteralPath, [switch] $Force)

    switch ($LiteralPath) {
        'WSMan:\localhost\Shell\MaxMemoryPerShellMB' { [pscustomobject]@{ Value = '1024' } }
        'WSMan:\localhost\Shell\MaxShellsPerUser' { [pscustomobject]@{ Value = '30' } }
        default { Microsoft.PowerShell.Management\Get-Item @PSBoundParameters }
    }
}

function Get-ItemProperty {
    [CmdletBinding()]
    param([string[]] $LiteralPath)

    switch ($LiteralPath[0]) {
        'HKLM:\SYSTEM\CurrentControlSet\Control\TimeZoneInformation' {
            [pscustomobject]@{
                TimeZoneKeyName = "W. Europe Standard Time`0garbage"
                ActiveTimeBias = -60
                Bias = -60
                StandardBias = 0
                DaylightBias = -60
                StandardStart = [byte[]] (0, 0, 10, 0, 5, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0)
                DaylightStart = [byte[]] (0, 0, 3, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            }
        }
        'HKLM:\SYSTEM\CurrentControlSet\Control\Lsa' {
            [pscustomobject]@{ crashonauditfail = 0; SCENoApplyLegacyAuditPolicy = 1 }
        }
        'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\PublicProfile\Logging' {
            [pscustomobject]@{
                LogFilePath = '%SystemRoot%/local.log'
                LogDroppedPackets = 0
                LogSuccessfulConnections = 0
                LogFileSize = 4096
            }
        }
        'HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile\Logging' {
            [pscustomobject]@{
                LogFilePath = '%SystemRoot%/gpo.log'
                LogDroppedPackets = 1
                LogSuccessfulConnections = 0
                LogFileSize = 16384
            }
        }
    }
}

function Test-Path {
    [CmdletBinding()]
    param([string] $LiteralPath, [string] $PathType = 'Any')

    if ($LiteralPath -like 'HKLM:*') {
        $env:FLEETAUDIT_TEST_WITHOUT_FIREWALL -ne '1'
    }
    else {
        Microsoft.PowerShell.Management\Test-Path -LiteralPath $LiteralPath -PathType $PathType
    }
}

function Get-Acl {
    [CmdletBinding()]
    param([string] $LiteralPath)

    $Owner = 'BA'
    if ($env:FLEETAUDIT_TEST_FOREIGN_OWNER -eq '1') {
        $Owner = 'S-1-5-21-3623811015-3361044348-30300820-1013'
    }
    [pscustomobject]@{ Sddl = "O:${Owner}G:SYD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)" }
}

function Get-Service {
    [CmdletBinding()]
    param([string] $Name)

    [pscustomobject]@{ Name = $Name; Status = 'Running' }
}
