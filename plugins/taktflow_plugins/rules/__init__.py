"""Nodes that ask a published decision table or formula."""
