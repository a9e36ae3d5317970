"""What one feature's event sets going in another: rows and jobs in the transaction that makes the event true."""
