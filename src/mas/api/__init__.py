"""The JSON face: parses requests, calls the service, renders answers (F6, U3).

`POST /orchestrate` and its neighbours live at the root, everything else below `/api`.
"""
