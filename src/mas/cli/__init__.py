"""The command line: parses arguments, calls the service, renders.

Lives here: one module a command group. Does not live here: any decision. `main` holds only the
signatures, so that `mas --help` imports nothing heavy; a command's module is imported when it runs.
"""
