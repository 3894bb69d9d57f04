"""Open other people's models: each format is parsed into one small graph, and nothing else of it is executed."""
