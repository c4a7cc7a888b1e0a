"""The worlds behind the example clusters: one module a cluster, with `world` below them."""
