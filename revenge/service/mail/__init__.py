"""service/mail."""
