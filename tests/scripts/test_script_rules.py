"""What every PowerShell file keeps to, read off its syntax tree.

The grammar knows no ``??``, ``?.``, ternary or ``-Parallel`` block as valid 5.1 syntax, so a file
that parses has none; what the grammar lets through of PowerShell 7 is asked for by name.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from fleetaudit import scripts
from fleetaudit.records import wire
from fleetaudit.records.host import LanguageMode
from fleetaudit.scripts.reference import help_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

TOOLS = frozenset(
    [
        "auditpol",
        "certutil",
        "fltmc",
        "icacls",
        "netsh",
        "reg",
        "schtasks",
        "wevtutil",
        "whoami",
    ]
)

COMMANDS = MappingProxyType(
    {
        "ConvertTo-Json": "Compress Depth InputObject",
        "Copy-Item": "Destination ErrorAction LiteralPath",
        "Expand-Path": "Path",
        "ForEach-Object": "Process",
        "Get-Acl": "LiteralPath",
        "Get-ChildItem": "File Force LiteralPath",
        "Get-CimInstance": "ClassName ErrorAction Filter",
        "Get-Command": "CommandType ErrorAction Name",
        "Get-Content": "LiteralPath ReadCount",
        "Get-Culture": "",
        "Get-DnsClientCache": "",
        "Get-EncodedFile": "Path",
        "Get-FirewallLogSetting": "",
        "Get-FileHash": "Algorithm LiteralPath",
        "Get-Item": "ErrorAction Force LiteralPath",
        "Get-ItemProperty": "ErrorAction LiteralPath",
        "Get-LeaseFolder": "",
        "Get-LeaseTask": "Folder Name",
        "Get-NetConnectionProfile": "",
        "Get-NetIPAddress": "",
        "Get-NetTCPConnection": "",
        "Get-NetUDPEndpoint": "",
        "Get-Service": "Name",
        "Get-WinEvent": "ErrorAction ListLog LogName MaxEvents Oldest",
        "Invoke-GuardedTool": "Arguments LeaseName Tool",
        "Invoke-NativeTool": "Arguments Folder OutputPath Tool",
        "Join-Path": "ChildPath Path",
        "New-Item": "ErrorAction ItemType Path",
        "New-PrivateFolder": "",
        "Remove-Item": "ErrorAction Force LiteralPath Recurse",
        "Remove-PrivateFolder": "Path",
        "Send-Complaint": "Folder",
        "Send-File": "Name Path",
        "Send-Json": "Folder Name Value",
        "Set-Content": "Encoding LiteralPath Value",
        "Start-Sleep": "Milliseconds",
        "Test-Path": "LiteralPath PathType",
        "Where-Object": "FilterScript",
        "Write-Error": "ErrorAction ErrorId Message",
        "Write-Verbose": "Message",
    }
)
"""Every command that may be called, each with the parameters that may be given to it."""

TYPES_OF_CONSTRAINED_LANGUAGE = frozenset(
    [
        "AllowEmptyCollection",
        "CmdletBinding",
        "OutputType",
        "Parameter",
        "ValidatePattern",
        "ValidateRange",
        "ValidateSet",
        "char",
        "datetime",
        "guid",
        "hashtable",
        "int",
        "long",
        "object",
        "regex",
        "string",
    ]
)
"""The part of about_Language_Modes' list of allowed types that is used."""

METHODS_OF_CONSTRAINED_LANGUAGE = frozenset(
    [
        "ContainsKey",
        "Matches",
        "NewGuid",
        "Replace",
        "Split",
        "ToLowerInvariant",
        "ToString",
        "ToUniversalTime",
        "Trim",
    ]
)

TYPES_OF_FULL_LANGUAGE = frozenset(
    [
        "BitConverter",
        "Convert",
        "IO.Compression.CompressionMode",
        "IO.Compression.GZipStream",
        "IO.File",
        "IO.FileAccess",
        "IO.FileMode",
        "IO.FileShare",
        "IO.FileStream",
        "IO.MemoryStream",
        "Math",
        "Security.Cryptography.SHA256CryptoServiceProvider",
        "byte",
    ]
)
"""Of mscorlib, System and System.Core, which Windows PowerShell has loaded. The hash is the one
that a host with the FIPS policy allows; SHA256.Create() is not."""

VERBS = frozenset(
    [
        "Expand",
        "Export",
        "Get",
        "Invoke",
        "New",
        "Read",
        "Register",
        "Remove",
        "Send",
        "Set",
    ]
)
"""Approved verbs (learn.microsoft.com, "Approved Verbs for PowerShell Commands")."""


class PowerShellFile(Protocol):
    text: str

    @property
    def root(self) -> Node: ...
    @property
    def stem(self) -> str: ...
    @property
    def is_script(self) -> bool: ...
    def nodes(self, *types: str) -> Iterator[Node]: ...


def said(node: Node | None) -> str:
    assert node is not None
    assert node.text is not None
    return node.text.decode()


def child(node: Node, kind: str) -> Node:
    return next(one for one in node.children if one.type == kind)


def commands(file: PowerShellFile) -> Iterator[tuple[str, Node]]:
    for node in file.nodes("command"):
        yield said(node.children[0]), node


def statements(file: PowerShellFile) -> list[Node]:
    body = child(file.root, "statement_list")
    return [one for one in body.children if one.is_named]


def argument_arrays(file: PowerShellFile) -> Iterator[str]:
    for match in re.finditer(r"Arguments\s*=?\s*@\((.*?)\)\s*(?:\n|-)", file.text, re.DOTALL):
        yield match[1]


def test_a_file_parses_without_an_error(file: PowerShellFile) -> None:
    assert not file.root.has_error


def test_a_file_is_ascii_with_short_lines(file: PowerShellFile) -> None:
    assert file.text.isascii()
    assert "\t" not in file.text
    assert "\r" not in file.text
    assert max(map(len, file.text.splitlines())) <= 120
    assert file.text == file.text.rstrip() + "\n"


def test_a_name_is_an_approved_verb_and_a_noun(file: PowerShellFile) -> None:
    verb, _, noun = file.stem.partition("-")
    assert verb in VERBS
    assert re.fullmatch(r"(?:[A-Z][a-z]+)+", noun)


def test_a_script_begins_with_help_and_advanced_parameters(script: PowerShellFile) -> None:
    start = r"<#\n\.SYNOPSIS\n[^#]*?#>\n\[CmdletBinding\(\)\]\nparam\("
    assert re.match(start, script.text)
    said_of_itself = help_of(script.stem)
    for text in (
        said_of_itself.synopsis,
        said_of_itself.description,
        said_of_itself.outputs,
        said_of_itself.changes,
        said_of_itself.needs,
    ):
        assert text.endswith(".")


def test_a_script_explains_each_parameter(script: PowerShellFile) -> None:
    names = [
        said(node)[1:]
        for node in script.nodes("script_parameter")
        for node in node.children
        if node.type == "variable"
    ]
    assert names == list(help_of(script.stem).parameters)


def test_a_function_file_holds_one_function_of_its_name(function: PowerShellFile) -> None:
    (only,) = statements(function)
    assert only.type == "function_statement"
    assert said(child(only, "function_name")) == function.stem
    assert re.match(rf"function {function.stem} {{\n    <#\n    \.SYNOPSIS\n", function.text)
    assert "[CmdletBinding()]" in function.text


def test_a_parameter_has_a_type_and_is_no_secret(file: PowerShellFile) -> None:
    for parameter in file.nodes("script_parameter"):
        variable = child(parameter, "variable")
        attributes = child(parameter, "attribute_list")
        assert any(one.children[0].type == "type_literal" for one in attributes.children)
        assert not re.search("password|secret|credential|token", said(variable), re.IGNORECASE)


def test_only_known_commands_are_called_with_known_parameters(file: PowerShellFile) -> None:
    for name, node in commands(file):
        if name == "&":
            continue
        assert name in COMMANDS, f"{name} is not on the list of commands"
        elements = [
            one
            for part in node.children
            if part.type == "command_elements"
            for one in part.children
        ]
        given = {said(one)[1:] for one in elements if one.type == "command_parameter"}
        assert given <= set(COMMANDS[name].split()), f"{name} {given}"


def test_types_and_methods_are_those_of_constrained_language(plain: PowerShellFile) -> None:
    types = {said(node) for node in plain.nodes("type_identifier")}
    assert types <= TYPES_OF_CONSTRAINED_LANGUAGE
    methods = {said(child(node, "member_name")) for node in plain.nodes("invokation_expression")}
    assert methods <= METHODS_OF_CONSTRAINED_LANGUAGE


def test_types_outside_of_constrained_language_are_few(file: PowerShellFile) -> None:
    types = {said(node).rstrip("[]") for node in file.nodes("type_spec")}
    assert types <= TYPES_OF_CONSTRAINED_LANGUAGE | TYPES_OF_FULL_LANGUAGE


def test_nothing_ends_the_session_or_needs_powershell_7(file: PowerShellFile) -> None:
    flow = {said(node).split()[0] for node in file.nodes("flow_control_statement")}
    assert flow <= {"return", "throw"}
    assert not list(file.nodes("class_statement", "enum_statement", "pipeline_chain_tail"))
    assert not list(file.nodes("trap_statement", "inlinescript_statement", "parallel_statement"))


def test_the_output_streams_of_a_tool_are_never_merged(file: PowerShellFile) -> None:
    assert not list(file.nodes("merging_redirection_operator"))


def test_a_tool_is_called_in_one_place_and_its_exit_code_is_read(file: PowerShellFile) -> None:
    called = [
        node for _, node in commands(file) if node.children[0].type == "command_invokation_operator"
    ]
    places = {
        "Invoke-NativeTool": "& $Tool @Arguments ",
        "New-PrivateFolder": "& icacls @Arguments ",
    }
    assert len(called) == (file.stem in places)
    for node in called:
        assert said(node).startswith(places[file.stem])
        before, after = file.text.split(said(node))
        assert before.rstrip().rpartition("$ErrorActionPreference = ")[2].startswith("'Continue'")
        assert "$LASTEXITCODE" in "".join(after.splitlines()[1:2])
        assert "catch {\n            throw" in after or "catch {\n        throw" in after


def test_the_tools_called_are_those_that_the_help_names(script: PowerShellFile) -> None:
    called = set(re.findall(r"Invoke-(?:Native|Guarded)Tool -Tool '([^']*)'", script.text))
    if "Get-LeaseTask" in script.text:
        called.add("schtasks")
    assert help_of(script.stem).tools == (", ".join(sorted(called)) or "none")
    assert called <= TOOLS


def test_no_argument_of_a_tool_is_empty_or_holds_a_double_quote(file: PowerShellFile) -> None:
    for arguments in argument_arrays(file):
        words = re.findall(r"'([^']*)'|\"([^\"]*)\"", arguments)
        assert all(single or double for single, double in words)
        assert '""' not in arguments
        assert '`"' not in arguments
        assert not any('"' in single for single, _ in words)


def test_a_guid_in_braces_is_quoted(file: PowerShellFile) -> None:
    for block in file.nodes("script_block_expression"):
        assert not re.match(r"\{[0-9A-Fa-f]{8}", said(block))


def test_a_script_sets_its_preferences_first(script: PowerShellFile) -> None:
    first, second, *_ = statements(script)
    assert said(first) == "$ErrorActionPreference = 'Stop'"
    assert said(second) == "$ProgressPreference = 'SilentlyContinue'"


def test_a_private_folder_is_removed_in_finally(file: PowerShellFile) -> None:
    called = [name for name, _ in commands(file)]
    made = [node for name, node in commands(file) if name == "New-PrivateFolder"]
    is_maker = file.stem == "Invoke-GuardedTool" or "constrained" in str(getattr(file, "path", ""))
    leaves_it = "Invoke-GuardedTool" in called  # which makes and removes one
    assert len(made) == (is_maker or (file.is_script and not leaves_it))
    for node in made:
        statement = node
        while statement.parent is not None and statement.parent.type != "statement_list":
            statement = statement.parent
        following = statement.next_named_sibling
        assert following is not None
        assert following.type == "try_statement"
        (clause,) = [one for one in following.children if one.type == "finally_clause"]
        assert "Remove-PrivateFolder" in said(clause)
        assert following.next_named_sibling is None


def test_a_private_folder_is_closed_to_others_before_it_is_used() -> None:
    text = scripts.functions().partition("function New-PrivateFolder")[2]
    made, closed, used = (text.index(part) for part in ("New-Item", "& icacls", "Get-ChildItem"))
    assert made < closed < used
    assert "'/inheritance:r'" in text
    granted = re.findall(r"'(\*S-[-0-9]+):\(OI\)\(CI\)F'", text)
    assert granted == ["*S-1-5-32-544", "*S-1-5-18", "*S-1-3-4"]


def test_times_and_numbers_are_written_without_a_culture(file: PowerShellFile) -> None:
    for node in file.nodes("invokation_expression"):
        if said(child(node, "member_name")) == "ToString":
            assert said(child(node, "argument_list")) in {"('o')", "('N')", "($Hash.Hash)"}


def test_json_is_compact_deep_enough_and_utf_8(file: PowerShellFile) -> None:
    for name, node in commands(file):
        if name == "ConvertTo-Json":
            assert "-Depth 4 -Compress" in said(node)
        if name == "Set-Content":
            # schtasks reads a task's definition as UTF-16 (windows-facts 10).
            is_task = "-LiteralPath $Definition" in said(node)
            assert ("-Encoding Unicode" if is_task else "-Encoding UTF8") in said(node)


def test_records_have_the_keys_of_the_wire(file: PowerShellFile) -> None:
    keys = {
        wire.Kind.EXIT: {"Tool", "Code"},
        wire.Kind.PIECE: {"Name", "Index", "Data"},
        wire.Kind.TRAILER: {"Name", "Encoding", "Pieces", "Length", "Sha256"},
    }
    for node in file.nodes("hash_literal_expression"):
        entries = {}
        for entry in (one for part in node.children for one in part.children):
            if entry.type == "hash_entry":
                key, _, value = said(entry).partition("=")
                entries[key.strip()] = value.strip("'; \n")
        if "Kind" in entries:
            assert set(entries) - {"Kind"} == keys[wire.Kind(entries["Kind"])]


def test_pieces_have_the_agreed_size() -> None:
    full = scripts.functions(LanguageMode.FULL)
    constrained = scripts.functions(LanguageMode.CONSTRAINED)
    assert f"$PieceBytes = {wire.PIECE_BYTES}\n" in full
    assert f"$LinesPerPiece = {wire.PIECE_BYTES // 48}\n" in constrained
    assert wire.PIECE_BYTES % 48 == 0


def test_a_file_is_opened_beside_whoever_writes_it() -> None:
    assert "[IO.FileShare] 'ReadWrite, Delete'" in scripts.functions()


def test_the_query_of_the_security_log_stays_below_the_limit_of_terms() -> None:
    text = scripts.text("Export-SecurityEvent")
    assert len(re.findall(r"Event(?:Record)?ID[<>=]+", text)) <= 20
    query = re.search(r"^\$Query = \"(.*)\"$", text, re.MULTILINE)
    assert query is not None
    assert query[1] == "*[System[($Wanted) and EventRecordID>$AfterRecord]]"


def test_only_tasks_of_a_name_are_asked_for_and_a_name_cannot_leave_its_quotes() -> None:
    text = scripts.text("Export-SecurityEvent")
    assert """"Data[@Name='TaskName']='\\fleetaudit\\$Name'" """.strip() in text
    assert '$TaskQuery = "*[System[($TaskEvents) and' in text
    assert "EventRecordID>$AfterRecord] and EventData[$Tasks]]" in text
    pattern = re.search(r"\[ValidatePattern\('(.*)'\)\]\n    \[string\[\]\] \$LeaseName", text)
    assert pattern is not None
    assert not re.search(pattern[1], "x' or Data='")


def test_both_forms_of_a_function_take_the_same_parameters() -> None:
    for mode in LanguageMode:
        text = scripts.functions(mode)
        (send,) = re.findall(r"function Send-File \{.*?param\((.*?)\n    \)\n", text, re.DOTALL)
        assert re.findall(r"\[string\] \$\w+", send) == ["[string] $Path", "[string] $Name"]
