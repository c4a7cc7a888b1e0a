"""Language models of every provider behind `core.models`, on pydantic-ai's low-level interface.

Lives here: which name means which model, clients without any setting of the process, the mapping
of requests and replies, retries, fall-backs, prices. Does not live here: what is asked and what
an answer is checked for (`agents`), budgets (`engine`). `settings`, `targets`, `registry` and
`chain` are light; the vendors' libraries load with the first call. Called by `app.wiring`.
"""
