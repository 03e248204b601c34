"""The audit subcategories, by the 5th to 8th digit of their GUID, with their translated names.

Every GUID is ``{0CCE92xx-69AE-11D9-BED3-505054503030}`` (windows-facts 1.1).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final
from uuid import UUID

from fleetaudit.simulation.model._languages import Language

__all__ = ["SUBCATEGORIES", "subcategory_guid"]

_NAMES: Final = """
3F|Credential Validation|Überprüfen der Anmeldeinformationen|Validation des informations d'identification|資格情報の確認|3
42|Kerberos Authentication Service|Kerberos-Authentifizierungsdienst|Service d'authentification Kerberos|Kerberos 認証サービス|3
40|Kerberos Service Ticket Operations|Ticketvorgänge des Kerberos-Diensts|Opérations de ticket du service Kerberos|Kerberos サービス チケット操作|3
41|Other Account Logon Events|Andere Kontoanmeldungsereignisse|Autres événements d'ouverture de session|その他のアカウント ログオン イベント|0
39|Application Group Management|Anwendungsgruppenverwaltung|Gestion des groupes d'applications|アプリケーション グループの管理|0
36|Computer Account Management|Computerkontoverwaltung|Gestion des comptes d'ordinateur|コンピューター アカウントの管理|1
38|Distribution Group Management|Verteilergruppenverwaltung|Gestion des groupes de distribution|配布グループの管理|0
3A|Other Account Management Events|Andere Kontoverwaltungsereignisse|Autres événements de gestion des comptes|その他のアカウント管理イベント|0
37|Security Group Management|Sicherheitsgruppenverwaltung|Gestion des groupes de sécurité|セキュリティ グループの管理|1
35|User Account Management|Benutzerkontenverwaltung|Gestion des comptes d'utilisateur|ユーザー アカウントの管理|3
2D|DPAPI Activity|DPAPI-Aktivität|Activité DPAPI|DPAPI アクティビティ|0
48|Plug and Play Events|Plug & Play-Ereignisse|Événements Plug-and-Play|プラグ アンド プレイ イベント|0
2B|Process Creation|Prozesserstellung|Création du processus|プロセス作成|1
2C|Process Termination|Prozessbeendigung|Fin du processus|プロセス終了|0
2E|RPC Events|RPC-Ereignisse|Événements RPC|RPC イベント|0
4A|Token Right Adjusted Events|Angepasste Tokenrechteereignisse|Événements de jeton ajustés à droite|トークン権限の調整のイベント|0
3E|Detailed Directory Service Replication|Detaillierte Verzeichnisdienstreplikation|Réplication du service d'annuaire détaillé|詳細なディレクトリ サービス レプリケーション|0
3B|Directory Service Access|Verzeichnisdienstzugriff|Accès au service d'annuaire|ディレクトリ サービス アクセス|1
3C|Directory Service Changes|Verzeichnisdienständerungen|Modification du service d'annuaire|ディレクトリ サービスの変更|0
3D|Directory Service Replication|Verzeichnisdienstreplikation|Réplication du service d'annuaire|ディレクトリ サービス レプリケーション|0
17|Account Lockout|Kontosperrung|Verrouillage du compte|アカウント ロックアウト|1
47|User / Device Claims|Benutzer-/Geräteansprüche|Revendications d'utilisateur/de périphérique|ユーザー/デバイスの信頼性情報|0
49|Group Membership|Gruppenmitgliedschaft|Appartenance à un groupe|グループ メンバーシップ|0
1A|IPsec Extended Mode|IPsec-Erweiterungsmodus|Mode étendu IPsec|IPsec 拡張モード|0
18|IPsec Main Mode|IPsec-Hauptmodus|Mode principal IPsec|IPsec メイン モード|0
19|IPsec Quick Mode|IPsec-Schnellmodus|Mode rapide IPsec|IPsec クイック モード|0
16|Logoff|Abmelden|Fermer la session|ログオフ|1
15|Logon|Anmelden|Ouvrir la session|ログオン|3
43|Network Policy Server|Netzwerkrichtlinienserver|Serveur NPS|ネットワーク ポリシー サーバー|3
1C|Other Logon/Logoff Events|Andere Anmelde-/Abmeldeereignisse|Autres événements d'ouverture/fermeture de session|その他のログオン/ログオフ イベント|0
1B|Special Logon|Spezielle Anmeldung|Ouverture de session spéciale|特殊なログオン|1
22|Application Generated|Anwendung wurde generiert|Généré par application|生成されたアプリケーション|0
21|Certification Services|Zertifizierungsdienste|Services de certification|証明書サービス|0
44|Detailed File Share|Detaillierte Dateifreigabe|Partage de fichiers détaillé|詳細なファイル共有|0
24|File Share|Dateifreigabe|Partage de fichiers|ファイルの共有|0
1D|File System|Dateisystem|Système de fichiers|ファイル システム|0
26|Filtering Platform Connection|Filterplattformverbindung|Connexion de la plateforme de filtrage|フィルタリング プラットフォームの接続|0
25|Filtering Platform Packet Drop|Verworfene Filterplattformpakete|Rejet de paquet par la plateforme de filtrage|フィルタリング プラットフォーム パケットのドロップ|0
23|Handle Manipulation|Handleänderung|Manipulation de handle|ハンドル操作|0
1F|Kernel Object|Kernelobjekt|Objet de noyau|カーネル オブジェクト|0
27|Other Object Access Events|Andere Objektzugriffsereignisse|Autres événements d'accès à l'objet|その他のオブジェクト アクセス イベント|0
1E|Registry|Registrierung|Registre|レジストリ|0
45|Removable Storage|Wechselmedien|Stockage amovible|リムーバブル記憶域|0
20|SAM|SAM|SAM|SAM|0
46|Central Policy Staging|Staging zentraler Richtlinien|Stratégie centralisée intermédiaire|集約型アクセス ポリシー ステージング|0
2F|Audit Policy Change|Richtlinienänderungen überwachen|Modification de la stratégie d'audit|監査ポリシーの変更|1
30|Authentication Policy Change|Authentifizierungsrichtlinienänderung|Modification de la stratégie d'authentification|認証ポリシーの変更|1
31|Authorization Policy Change|Autorisierungsrichtlinienänderung|Modification de la stratégie d'autorisation|承認ポリシーの変更|0
33|Filtering Platform Policy Change|Filterplattform-Richtlinienänderung|Modification de la stratégie de plateforme de filtrage|フィルタリング プラットフォーム ポリシーの変更|0
32|MPSSVC Rule-Level Policy Change|MPSSVC-Richtlinienänderung auf Regelebene|Modification de la stratégie de niveau règle MPSSVC|MPSSVC ルールレベル ポリシーの変更|0
34|Other Policy Change Events|Andere Richtlinienänderungsereignisse|Autres événements de modification de stratégie|その他のポリシー変更イベント|0
29|Non Sensitive Privilege Use|Nicht sensible Verwendung von Rechten|Utilisation de privilèges non sensibles|重要でない特権の使用|0
2A|Other Privilege Use Events|Andere Rechteverwendungsereignisse|Autres événements d'utilisation de privilèges|その他の特権の使用イベント|0
28|Sensitive Privilege Use|Sensible Verwendung von Rechten|Utilisation de privilèges sensibles|重要な特権の使用|0
13|IPsec Driver|IPsec-Treiber|Pilote IPSEC|IPsec ドライバー|0
14|Other System Events|Andere Systemereignisse|Autres événements système|その他のシステム イベント|3
10|Security State Change|Sicherheitsstatusänderung|Modification de l'état de la sécurité|セキュリティ状態の変更|1
11|Security System Extension|Sicherheitssystemerweiterung|Extension système de sécurité|セキュリティ システムの拡張|0
12|System Integrity|Systemintegrität|Intégrité du système|システムの整合性|3
"""  # noqa: E501 - a table


def subcategory_guid(digits: str) -> UUID:
    """Return the GUID with these two digits."""
    return UUID(f"0CCE92{digits}-69AE-11D9-BED3-505054503030")


def _read() -> dict[UUID, tuple[dict[Language, str], int]]:
    found = {}
    for line in _NAMES.strip().splitlines():
        digits, english, german, french, japanese, default = line.split("|")
        names = dict(zip(Language, (english, german, french, japanese), strict=True))
        found[subcategory_guid(digits)] = (names, int(default))
    return found


SUBCATEGORIES: Final = MappingProxyType(_read())
"""Names by language and the setting of a fresh Windows, by GUID, in auditpol's order."""
