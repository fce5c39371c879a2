"""Vendors by the profile that a human names in the settings, never guessed. Nothing else names a vendor.

A vendor's modules are imported once it is asked for: a run on one ledger loads nothing of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from finchat.connections.toolbox import Toolbox
from finchat.errors import UsageError
from finchat.events import Emit
from finchat.providers.provider import Provider
from finchat.providers.writing.writers import Writers

if TYPE_CHECKING:
    from finchat.providers.quickbooks.profile import QuickBooksProfile
    from finchat.providers.xero.profile import XeroProfile

    VendorProfile = XeroProfile | QuickBooksProfile

PROFILES = ("xero", "quickbooks")  # those with workflows


class OpensProvider(Protocol):
    """Makes the provider of one organisation."""

    def __call__(self, toolbox: Toolbox, *, clearing_accounts: Iterable[str] = (), emit: Emit) -> Provider:
        """`toolbox` is the guard's: every call passes policy and audit."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What finchat knows of one vendor. `label`: what a person calls it."""

    profile: VendorProfile
    provider: OpensProvider
    writers: Writers

    @property
    def label(self) -> str:
        return self.writers.traits.label


def vendor(name: str | None, server: str) -> Vendor:
    """The vendor of a configured server. Raises UsageError (exit 2) when it has no profile that a workflow can use."""
    if name is None:
        raise UsageError(
            f"server {server!r} has no profile, so finchat does not know what its tools do",
            field="profile",
            next=f'add "finchat": {{"profile": "{"|".join(PROFILES)}"}} to the server',
        )
    if name not in _VENDORS:
        raise UsageError(
            f"this version of finchat has no workflows for profile {name!r} (server {server!r})",
            field="profile",
            next=f"profiles with workflows: {', '.join(PROFILES)}",
        )
    return _VENDORS[name]()


def profile(name: str | None, server: str) -> VendorProfile:
    """The profile of a configured server. Raises UsageError as `vendor`."""
    return vendor(name, server).profile


def vendor_of(tool: str) -> Vendor | None:
    """The vendor whose profile lists a tool; None for a tool of nobody's."""
    return next((one for one in vendors() if one.profile.effect(tool) is not None), None)


def vendors() -> Iterator[Vendor]:
    """Every vendor, loaded as it is come to."""
    return (make() for make in _VENDORS.values())


@cache
def _xero() -> Vendor:
    from finchat.providers.xero import XERO_PROFILE, XeroProvider
    from finchat.providers.xero.writes import XERO_WRITERS

    return Vendor(XERO_PROFILE, XeroProvider, XERO_WRITERS)


@cache
def _quickbooks() -> Vendor:
    from finchat.providers.quickbooks.profile import QUICKBOOKS_PROFILE
    from finchat.providers.quickbooks.provider import QuickBooksProvider
    from finchat.providers.quickbooks.writes import QUICKBOOKS_WRITERS

    return Vendor(QUICKBOOKS_PROFILE, QuickBooksProvider, QUICKBOOKS_WRITERS)


_VENDORS: dict[str, Callable[[], Vendor]] = {"xero": _xero, "quickbooks": _quickbooks}
