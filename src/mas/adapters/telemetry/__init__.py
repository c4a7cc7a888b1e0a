"""Where telemetry goes: Prometheus, in the formats that it scrapes (P3)."""
