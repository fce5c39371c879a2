"""Statement files: CSV, OFX and QFX, CAMT.052/053/054 and MT940, each read into the same lines."""
