"""ITU-T Q.721 to Q.725: the telephone user part (TUP)."""
