"""The texts that Windows translates, in the fleet's four languages.

Which names are translated and which stay English is taken from state dumps of a French and a
Chinese host (windows-facts 4.5): origins, ``Query User``, ``Default ...``, ``Quarantine ...`` and
``WSH ...`` stay English; the boot-time and port-scan filters and most built-in rules do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

__all__ = ["INCLUSIONS", "REFUSALS", "RULE_NAMES", "SYSTEM_NAMES", "Language"]


class Language(StrEnum):
    """The languages of the fleet, by culture."""

    ENGLISH = "en-US"
    GERMAN = "de-DE"
    FRENCH = "fr-FR"
    JAPANESE = "ja-JP"

    @property
    def ansi_code_page(self) -> str:
        """Return the code page in which the native tools write files that are not Unicode."""
        return "cp932" if self is Language.JAPANESE else "cp1252"


@dataclass(frozen=True, slots=True)
class SystemNames:
    """Display names of filters that the firewall service adds itself."""

    boot_time: str
    boot_time_description: str
    port_scan: str
    port_scan_description: str


SYSTEM_NAMES: Final = MappingProxyType(
    {
        Language.ENGLISH: SystemNames(
            "Boot Time Filter",
            "This filter is in effect before the service starts.",
            "Port Scanning Prevention Filter",
            "This filter prevents port scanning. Many hits usually mean that there is no listener.",
        ),
        Language.GERMAN: SystemNames(
            "Startzeitfilter",
            "Dieser Filter ist aktiv, bevor der Dienst gestartet wird.",
            "Filter zum Schutz vor Portscans",
            "Dieser Filter verhindert Portscans.",
        ),
        Language.FRENCH: SystemNames(
            "Filtre de démarrage",
            "Ce filtre est activé avant le démarrage du service.",
            "Filtre de protection contre la numérisation des ports",
            "Ce filtre empêche la numérisation des ports.",
        ),
        Language.JAPANESE: SystemNames(
            "ブート時フィルター",
            "このフィルターは、サービスが開始される前に有効になります。",
            "ポート スキャン防止フィルター",
            "このフィルターはポート スキャンを防止します。",
        ),
    }
)

_EN, _DE, _FR, _JA = Language.ENGLISH, Language.GERMAN, Language.FRENCH, Language.JAPANESE

RULE_NAMES: Final = MappingProxyType(
    {
        "RemoteDesktop-UserMode-In-TCP": {
            _EN: "Remote Desktop - User Mode (TCP-In)",
            _DE: "Remotedesktop - Benutzermodus (TCP eingehend)",
            _FR: "Bureau à distance - Mode utilisateur (TCP-Entrée)",
            _JA: "リモート デスクトップ - ユーザー モード (TCP 受信)",
        },
        "FPS-SMB-In-TCP": {
            _EN: "File and Printer Sharing (SMB-In)",
            _DE: "Datei- und Druckerfreigabe (SMB eingehend)",
            _FR: "Partage de fichiers et d\u2019imprimantes (SMB-Entrée)",
            _JA: "ファイルとプリンターの共有 (SMB 受信)",
        },
        "WINRM-HTTP-In-TCP": {
            _EN: "Windows Remote Management (HTTP-In)",
            _DE: "Windows-Remoteverwaltung (HTTP eingehend)",
            _FR: "Gestion à distance de Windows (HTTP-Entrée)",
            _JA: "Windows リモート管理 (HTTP 受信)",
        },
        "CoreNet-DHCP-In": {
            _EN: "Core Networking - Dynamic Host Configuration Protocol (DHCP-In)",
            _DE: "Kernnetzwerk - Dynamic Host Configuration-Protokoll (DHCP eingehend)",
            _FR: "Réseau de base - Protocole DHCP (DHCP-In)",
            _JA: "コア ネットワーク - 動的ホスト構成プロトコル (DHCP 受信)",
        },
        "CoreNet-DNS-Out-UDP": {
            _EN: "Core Networking - DNS (UDP-Out)",
            _DE: "Kernnetzwerk - DNS (UDP ausgehend)",
            _FR: "Réseau de base - DNS (UDP-Sortie)",
            _JA: "コア ネットワーク - DNS (UDP 送信)",
        },
        "RemoteAssistance-Block-In-TCP": {
            _EN: "Remote Assistance (TCP-In)",
            _DE: "Remoteunterstützung (TCP eingehend)",
            _FR: "Assistance à distance (TCP-Entrée)",
            _JA: "リモート アシスタンス (TCP 受信)",
        },
    }
)
"""Display names of built-in rules by InstanceID."""

INCLUSIONS: Final = MappingProxyType(
    {
        _EN: ("No Auditing", "Success", "Failure", "Success and Failure"),
        _DE: ("Keine Überwachung", "Erfolg", "Fehler", "Erfolg und Fehler"),
        _FR: ("Pas d\u2019audit", "Succès", "Échec", "Succès et échec"),
        _JA: ("監査なし", "成功", "失敗", "成功および失敗"),
    }
)
"""What ``auditpol`` calls the settings 0 to 3."""

REFUSALS: Final = MappingProxyType(
    {
        1314: {
            _EN: "Error 0x00000522 occurred:\r\n"
            "A required privilege is not held by the client.\r\n",
            _DE: "Fehler 0x00000522:\r\nDem Client fehlt ein erforderliches Recht.\r\n",
            _FR: "Erreur 0x00000522 :\r\n"
            "Le client ne dispose pas d\u2019un privilège nécessaire.\r\n",
            _JA: "エラー 0x00000522:\r\nクライアントは要求された特権を保有していません。\r\n",
        },
        5: {
            _EN: "Access is denied.\r\n",
            _DE: "Zugriff verweigert\r\n",
            _FR: "Accès refusé.\r\n",
            _JA: "アクセスが拒否されました。\r\n",
        },
    }
)
"""What a native tool says when it refuses, by exit code."""
