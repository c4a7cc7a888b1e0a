"""The decide team: should this cluster adopt that tool? (D1-D7)

`question` reads the request, `situation` gathers what is known, `rules/` judge, `verdict` weighs,
`report` writes. Everything here is pure; reading the cluster is handed in.
"""
