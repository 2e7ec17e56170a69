"""ITU-T Q.931: call control on the D channel."""
