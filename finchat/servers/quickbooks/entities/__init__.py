"""The 32 entities of QuickBooks Online that finchat serves, each with its documented fields."""

from __future__ import annotations

from collections.abc import Mapping

from finchat.servers.quickbooks.entities.entity import Entity
from finchat.servers.quickbooks.entities.lists import LISTS
from finchat.servers.quickbooks.entities.sales import SALES
from finchat.servers.quickbooks.entities.spending import SPENDING

ENTITIES: Mapping[str, Entity] = {entity.name: entity for entity in (*SALES, *SPENDING, *LISTS)}

__all__ = ["ENTITIES", "Entity"]
