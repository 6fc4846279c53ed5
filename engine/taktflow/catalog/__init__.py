"""What is installed: node types, connectors and channels, found through entry points and loaded on first use."""

from taktflow.catalog.announced import CHANNELS, CONNECTORS, NODES, Announced, announced
from taktflow.catalog.catalog import Catalog
from taktflow.catalog.described import ChannelType, ConnectorType, Installed, NodeType

__all__ = [
    "CHANNELS",
    "CONNECTORS",
    "NODES",
    "Announced",
    "Catalog",
    "ChannelType",
    "ConnectorType",
    "Installed",
    "NodeType",
    "announced",
]
