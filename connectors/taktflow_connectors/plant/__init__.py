"""A simulated factory: an ERP and a WMS behind one loopback address, with switches for bad days."""
