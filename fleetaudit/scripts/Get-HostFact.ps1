<#
.SYNOPSIS
Asks a host for what it is: system, clock, zone, language mode, Security log, limits, group policy, elevation.
.DESCRIPTION
Sends facts.json and groups.csv (whoami /groups; its SIDs tell whether the account is elevated).
What the account may not read is null.
.OUTPUTS
Records of fleetaudit/records/wire.py: files, then how whoami ended.
.NOTES
Tools: whoami
Changes: nothing.
Needs: any account that may open a remote session; the Security log's figures need an administrator.
#>
[CmdletBinding()]
param()

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$System = Get-CimInstance -ClassName Win32_OperatingSystem
$Control = 'HKLM:\SYSTEM\CurrentControlSet\Control'
$Zone = Get-ItemProperty -LiteralPath "$Control\TimeZoneInformation" -ErrorAction SilentlyContinue
$Lsa = Get-ItemProperty -LiteralPath "$Control\Lsa" -ErrorAction SilentlyContinue

$Culture = @($System.MUILanguages)[0]
if (-not $Culture) {
    $Culture = (Get-Culture).Name
}

$TimeZone = $null
if ($null -ne $Zone) {
    $TimeZone = @{
        TimeZoneKeyName = "$($Zone.TimeZoneKeyName)".Split([char] 0)[0]
        ActiveTimeBias = $Zone.ActiveTimeBias
        Bias = $Zone.Bias
        StandardBias = $Zone.StandardBias
        DaylightBias = $Zone.DaylightBias
        StandardStart = ($Zone.StandardStart | ForEach-Object -Process { '{0:x2}' -f $_ }) -join ''
        DaylightStart = ($Zone.DaylightStart | ForEach-Object -Process { '{0:x2}' -f $_ }) -join ''
    }
}

$SecurityLog = $null
try {
    $Log = Get-WinEvent -ListLog 'Security' -ErrorAction Stop
    $OldestTime = $null
    try {
        $Oldest = Get-WinEvent -LogName 'Security' -Oldest -MaxEvents 1 -ErrorAction Stop
        $OldestTime = $Oldest.TimeCreated.ToUniversalTime().ToString('o')
    }
    catch {
        Write-Verbose -Message 'The Security log is empty or may not be read.'
    }
    $SecurityLog = @{
        MaximumSizeInBytes = $Log.MaximumSizeInBytes
        LogMode = "$($Log.LogMode)"
        IsEnabled = $Log.IsEnabled
        RecordCount = $Log.RecordCount
        OldestRecordNumber = $Log.OldestRecordNumber
        OldestRecordTime = $OldestTime
        FileSize = $Log.FileSize
    }
}
catch {
    Write-Verbose -Message 'The Security log did not say what it holds.'
}

$FreeBytes = $null
try {
    $Filter = "DeviceID='$env:SystemDrive'"
    $FreeBytes = (Get-CimInstance -ClassName Win32_LogicalDisk -Filter $Filter -ErrorAction Stop).FreeSpace
}
catch {
    Write-Verbose -Message 'The system drive did not say how much is free.'
}

$State = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\State\Machine\Extension-List'
$State = "$State\{00000000-0000-0000-0000-000000000000}"
$Applied = Get-ItemProperty -LiteralPath $State -ErrorAction SilentlyContinue
$Policies = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\System'
$Refresh = Get-ItemProperty -LiteralPath $Policies -ErrorAction SilentlyContinue
$GroupPolicy = $null
if ($null -ne $Applied) {
    $GroupPolicy = @{
        IsDomainController = $System.ProductType -eq 2
        StartTimeHi = $Applied.startTimeHi
        StartTimeLo = $Applied.startTimeLo
        RefreshTime = $Refresh.GroupPolicyRefreshTime
        RefreshTimeOffset = $Refresh.GroupPolicyRefreshTimeOffset
        RefreshTimeDC = $Refresh.GroupPolicyRefreshTimeDC
        RefreshTimeOffsetDC = $Refresh.GroupPolicyRefreshTimeOffsetDC
    }
}

$ShellQuotas = $null
try {
    $Shell = 'WSMan:\localhost\Shell'
    $ShellQuotas = @{
        MaxMemoryPerShellMB = [long] (Get-Item -LiteralPath "$Shell\MaxMemoryPerShellMB" -ErrorAction Stop).Value
        MaxShellsPerUser = [long] (Get-Item -LiteralPath "$Shell\MaxShellsPerUser" -ErrorAction Stop).Value
    }
}
catch {
    Write-Verbose -Message 'The quotas of remote shells may not be read.'
}

$Facts = @{
    ComputerName = $env:COMPUTERNAME
    OSBuild = [int] $System.BuildNumber
    OSCaption = "$($System.Caption)".Trim()
    Culture = $Culture
    BootTime = $System.LastBootUpTime.ToUniversalTime().ToString('o')
    HostTime = [datetime]::UtcNow.ToString('o')
    LanguageMode = "$($ExecutionContext.SessionState.LanguageMode)"
    PSVersion = "$($PSVersionTable.PSVersion)"
    TimeZone = $TimeZone
    SecurityLog = $SecurityLog
    CrashOnAuditFail = $Lsa.CrashOnAuditFail
    SCENoApplyLegacyAuditPolicy = $Lsa.SCENoApplyLegacyAuditPolicy
    SystemDriveFreeBytes = $FreeBytes
    ShellQuotas = $ShellQuotas
    GroupPolicy = $GroupPolicy
}

$Folder = New-PrivateFolder
try {
    Send-Json -Value $Facts -Name 'facts.json' -Folder $Folder
    $Groups = Join-Path -Path $Folder -ChildPath 'groups.csv'
    $Arguments = @('/groups', '/fo', 'csv', '/nh')
    $Exit = Invoke-NativeTool -Tool 'whoami' -Arguments $Arguments -Folder $Folder -OutputPath $Groups
    $Exit
    if ($Exit.Code -ne 0) {
        Send-Complaint -Folder $Folder
        return
    }
    Send-File -Path $Groups -Name 'groups.csv'
}
finally {
    Remove-PrivateFolder -Path $Folder
}
