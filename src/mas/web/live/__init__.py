"""A run's page while the run goes on: what has changed is rendered once for all who watch."""
