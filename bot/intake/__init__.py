"""What usage sources say, taken into the ledger: read, attributed, replaced, watched for blindness."""
