"""What the faces over HTTP share: who is calling, what a request has to pass, problem documents,
streams of events, and the world that routes work with. No route lives here (U3)."""
