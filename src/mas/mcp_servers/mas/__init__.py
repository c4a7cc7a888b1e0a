"""The door through which an agent in an editor asks MAS: tools, reports, over stdio and HTTP (U4).

`server` makes the server, `tools` and `resources` say what it offers, `shapes` how answers look,
`following` waits for runs, `stdio` and `http` carry the messages.
"""
