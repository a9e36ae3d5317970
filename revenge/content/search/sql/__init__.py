"""Named statements of documents, changes and builds."""
