"""The application: settings, wiring, and the service with its use cases.

Lives here: what a face may ask for, and the one place that brings ports and adapters together.
Does not live here: parsing arguments and rendering (`cli`), and how runs survive (`engine`).
Called by the faces.
"""
