"""Named statements of libraries, files and scans."""
