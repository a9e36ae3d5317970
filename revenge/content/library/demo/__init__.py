"""The demo library: small real video files in a tree as people have them."""
