"""Who is agent and who is customer: by the call record, by what is said, by how they talk."""

from postcall.roles.assignment import RoleAssignment, RolePolicy, assign_roles
from postcall.roles.empty_channel import EmptyChannel, empty_channel
from postcall.roles.evidence import VERSION, Evidence, Heard, weigh
from postcall.roles.layout import Layout, told_layout
from postcall.roles.reach import reaches_agent_ms

__all__ = [
    "VERSION",
    "EmptyChannel",
    "Evidence",
    "Heard",
    "Layout",
    "RoleAssignment",
    "RolePolicy",
    "assign_roles",
    "empty_channel",
    "reaches_agent_ms",
    "told_layout",
    "weigh",
]
