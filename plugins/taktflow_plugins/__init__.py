"""The node types that come with Taktflow; each is found through its entry point, as a stranger's would be."""
