"""Where clusters are read from: a snapshot file, or a live API server; and writing snapshots (D1).

Lives here: files, kubeconfig, HTTP, and their errors in words. Does not live here: what the objects
mean (`mas.kubernetes`). Called by wiring and by `mas cluster`; nothing here ever asks for a Secret.
"""
