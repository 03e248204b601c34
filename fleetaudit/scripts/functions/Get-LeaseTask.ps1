function Get-LeaseTask {
    <#
    .SYNOPSIS
    Asks the Task Scheduler for the definition of a lease's task.
    .DESCRIPTION
    A registered task has a file of its name below %SystemRoot%\System32\Tasks, but everybody may
    put files there: only what the service answers is believed, and schtasks is asked only where
    there is a file, because it ends with 1 for a missing task and for any failure alike. A file
    that a running service knows nothing of is no task.
    .OUTPUTS
    Nothing where there is no task; else the record of how schtasks ended. With Code 0 the
    definition is in task.xml in Folder; with another it is not known whether there is a task.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)]
        [string] $Name,

        [Parameter(Mandatory = $true)]
        [string] $Folder
    )

    $File = Join-Path -Path $env:SystemRoot -ChildPath "System32\Tasks\fleetaudit\$Name"
    if (Test-Path -LiteralPath $File -PathType Leaf) {
        $Definition = Join-Path -Path $Folder -ChildPath 'task.xml'
        $Arguments = @('/Query', '/TN', "\fleetaudit\$Name", '/XML', 'ONE')
        $Exit = Invoke-NativeTool -Tool 'schtasks' -Arguments $Arguments -Folder $Folder -OutputPath $Definition
        if ($Exit.Code -eq 0 -or (Get-Service -Name 'Schedule').Status -ne 'Running') {
            $Exit
        }
    }
}
