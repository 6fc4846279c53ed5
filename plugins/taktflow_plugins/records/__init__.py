"""Nodes that read and write the order master and its neighbours."""
