"""One file or folder per outside technology, behind ports or plain calls.

Lives here: reading clusters, storing runs, the system's clock. Does not live here: rules about
runs, tasks or verdicts. Called by `engine` and by the wiring in `app`; third-party exceptions are
turned into the error tree of `core` here and go no further.
"""
