"""Who may do what. Roles are for people, scopes for API tokens; both are sets of permissions."""

_READ = frozenset(
    [
        "dispute:read",
        "escrow:read",
        "order:read",
        "party:read",
        "approval:read",
        "job:read",
        "alert:read",
        "audit:read",
        "payment:read",
        "payout:read",
        "delivery:read",
        "webhook:read",
        "book:read",
        "storefront:read",
        "analytics:read",
        "report:read",
        "subscription:read",
    ]
)
_CASE = frozenset(
    [
        "dispute:open",
        "dispute:work",
        "escrow:freeze",
        "escrow:extend",
        "money:propose",
        "party:auto-deduct",
        "payment:verify",
        "view:share",
    ]
)
_OPERATE = frozenset(
    [
        "job:run",
        "job:choose-instant",
        "job:pause",
        "alert:manage",
        "payout:retry",
        "payment:verify",
        "delivery:retry",
        "webhook:replay",
        "report:make",
        "subscription:write",
        "view:share",
    ]
)
_ADMIN = frozenset(
    [
        "user:manage",
        "token:manage",
        "schedule:manage",
        "settings:manage",
        "payout:manage",
        "payment:create",
        "hold:write",
        "webhook:manage",
        "money:reverse",
        "money:stop",
        "order:write",
        "party:write",
        "wallet:open",
        "party:money",
        "party:export",
        "party:forget",
        "storefront:write",
        "reply:share",
    ]
)

ROLES: dict[str, frozenset[str]] = {
    "viewer": _READ,
    "agent": _READ | _CASE,
    "approver": _READ | _CASE | {"money:approve", "reply:share", "wallet:open", "book:accept"},
    "operator": _READ | _OPERATE,
    "admin": _READ | _CASE | _OPERATE | _ADMIN | {"money:approve", "book:accept"},
}
"""Permissions of each role, by the table of the product's design."""

SCOPES: dict[str, frozenset[str]] = {
    "read": _READ,
    "jobs": frozenset({"job:read", "job:run"}),
    "metrics": frozenset({"job:read"}),
    "jobs:pause": frozenset({"job:read", "job:pause"}),
    "orders": frozenset({"order:read", "order:write", "escrow:read"}),
    "escrows": frozenset({"escrow:read", "escrow:freeze", "escrow:extend", "money:propose"}),
    "disputes": frozenset({"dispute:read", "dispute:open", "dispute:work", "money:propose", "approval:read"}),
    "parties": frozenset({"party:read", "party:write", "party:auto-deduct", "wallet:open"}),
    "parties:money": frozenset({"party:read", "party:money"}),
    "parties:forget": frozenset({"party:read", "party:forget"}),
    "storefront": frozenset({"storefront:read", "storefront:write"}),
    "payments": frozenset({"payment:read", "payment:create", "payment:verify", "money:propose", "order:read"}),
    "payouts": frozenset({"payout:read", "payout:manage", "payout:retry"}),
    "placements": frozenset({"escrow:read", "hold:write", "money:propose"}),
    "webhooks": frozenset({"webhook:read", "webhook:manage", "webhook:replay", "delivery:read", "delivery:retry"}),
    "analytics": frozenset({"analytics:read"}),
    "subscriptions": frozenset({"subscription:read", "subscription:write"}),
    "alerts": frozenset({"alert:read", "alert:manage"}),
    "audit": frozenset({"audit:read"}),
    "reports": frozenset({"report:read", "report:make", "job:read"}),
    "tokens": frozenset({"token:manage"}),
}
"""What a token may be given. No scope has `money:approve` or `book:accept`: tokens never approve, and accept
no difference. None has `job:choose-instant`: for which instant a job that moves money runs is a person's choice."""

JOB_PERMISSIONS = frozenset({"money:move", "subscription:expire"})
"""What a periodic job may do that no person may: move money without a decision, and what the calendar asks for."""

ALL_PERMISSIONS = frozenset().union(*ROLES.values())


def of_roles(roles: list[str]) -> frozenset[str]:
    """Everything that the roles together allow; an unknown role allows nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def of_scopes(scopes: list[str]) -> frozenset[str]:
    """Everything that the scopes together allow; an unknown scope allows nothing."""
    return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in scopes))
