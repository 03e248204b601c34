from __future__ import annotations

from pathlib import Path

from fleetaudit import scripts
from fleetaudit.scripts.reference import help_of, page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "scripts.md"


def test_the_page_about_the_scripts_is_fresh() -> None:
    renew = "python -m fleetaudit.scripts.reference > docs/reference/scripts.md"
    assert PAGE.read_text(encoding="utf-8") == page(), renew


def test_few_scripts_change_a_host() -> None:
    changing = [name for name in scripts.names() if help_of(name).changes != "nothing."]
    assert changing == [
        "Register-Lease",
        "Remove-Lease",
        "Set-AuditPolicy",
        "Set-EventChannel",
        "Set-FirewallLogging",
        "Set-NetEventOption",
    ]


def test_help_is_read_topic_by_topic() -> None:
    found = help_of("Set-AuditPolicy")
    assert found.synopsis == "Sets both flags of one audit subcategory."
    assert list(found.parameters) == ["Subcategory", "Success", "Failure", "LeaseName"]
    assert found.tools == "auditpol"
    assert found.needs == "an elevated administrator (SeSecurityPrivilege)."
