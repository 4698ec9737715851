"""What is kept on disk: tables, artifacts, the ledger; and what is read from it: recordings, call records."""
