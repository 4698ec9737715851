"""Personal data in what is said: found (`finder`), taken out (`redaction`)."""
