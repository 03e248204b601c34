"""The filtering platform of one host: which filters stand now, and under which numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fleetaudit.simulation.model import _system_filters as system
from fleetaudit.simulation.model.policy import Compiler
from fleetaudit.simulation.model.specs import Role, Trait

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from fleetaudit.simulation.model.filters import Filter, Layer
    from fleetaudit.simulation.model.rules import FirewallRule
    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["Platform"]


class Platform:
    """Filters by layer, sorted by falling weight.

    A filter's number is valid until its filter is removed: by a restart for all, by a refresh of
    the policy for those of the rules (windows-facts 3).
    """

    def __init__(
        self, spec: HostSpec, rules: Sequence[FirewallRule], volume: str, rng: Random
    ) -> None:
        self._spec = spec
        self._rules = list(rules)
        self._rng = rng
        self.compiler = Compiler(host=spec.name, generation=spec.generation, volume=volume)
        self._static: list[Filter] = []
        self._dynamic: list[Filter] = []
        self._next = 0
        self._first_dynamic = 0
        self.by_layer: dict[Layer, list[Filter]] = {}
        self.epoch = 0

    @property
    def filters(self) -> list[Filter]:
        """Return every filter by its number."""
        return sorted((*self._static, *self._dynamic), key=lambda one: one.id)

    def boot(self) -> None:
        """Start: only the boot-time filters stand."""
        self._next = self._spec.generation.first_filter_id + self._rng.randrange(600)
        self._first_dynamic = 0
        self._static, self._dynamic = [], []
        self._static = self._numbered(system.boot_filters(self.compiler, self._spec.language))
        self._sort()

    def start_firewall(self) -> None:
        """The firewall service is there: hardening, isolation, third parties, rules, defaults."""
        found = list(system.hardening_filters(self.compiler))
        if self._spec.generation.has_app_isolation:
            found += system.quarantine_filters(self.compiler, is_released=False)
            found += system.isolation_filters(self.compiler)
        if Trait.VPN in self._spec.traits:
            found += system.vpn_filters(self.compiler)
        if Trait.HOSTILE_NAMES in self._spec.traits:
            found += system.guard_filters(self.compiler)
        self._static += self._numbered(found)
        self.apply_policy()

    def release_interface(self) -> None:
        """The network is known: the interface leaves quarantine."""
        if self._spec.generation.has_app_isolation:
            released = system.quarantine_filters(self.compiler, is_released=True)
            self._static += self._numbered(one for one in released if not one.blocks)
        self._sort()

    def apply_policy(self) -> None:
        """Remove the filters of rules and defaults and add them again, under other numbers."""
        self.compiler.epoch += 1
        self.epoch += 1
        if Trait.REUSES_IDS in self._spec.traits and self._first_dynamic:
            self._next = self._first_dynamic
            self._rules.reverse()
        self._first_dynamic = self._next
        compiler, spec = self.compiler, self._spec
        found = [one for rule in self._rules for one in compiler.rule(rule)]
        found += system.default_filters(
            compiler,
            asks_user=not spec.generation.is_server,
            blocks_outbound=spec.role is Role.HARDENED,
        )
        found += system.stealth_filters(compiler, spec.language)
        self._dynamic = self._numbered(found)
        self._sort()

    def _numbered(self, filters: Iterable[Filter]) -> list[Filter]:
        numbered = []
        step = 1 if Trait.REUSES_IDS in self._spec.traits else 3
        for one in filters:
            self._next += self._rng.randint(1, step)
            numbered.append(replace(one, id=self._next))
        return numbered

    def _sort(self) -> None:
        self.by_layer = {}
        for one in (*self._static, *self._dynamic):
            self.by_layer.setdefault(one.layer, []).append(one)
        for filters in self.by_layer.values():
            filters.sort(key=lambda one: -one.weight)
