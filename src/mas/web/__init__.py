"""The web page: pages rendered on the server, fragments of them sent live, no logic (U2).

A page asks the service, makes a plain view of what it got (`views`), and renders a template.
Called by `mas.server`; calls `mas.app` through the service of the request.
"""
