"""Who may use MAS over HTTP, and from where: tokens, sessions, forms of our own pages (Q3, U3).

`door` finds who is calling and starts and ends sessions; the other files are what it goes by.
`mas.http.guard` applies it to every request before a route sees it.
"""
