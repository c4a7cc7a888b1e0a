"""Plain views: what a template shows, made from what the service gave. Pure; knows no request."""
