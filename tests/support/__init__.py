"""What several suites share; not a test itself."""
