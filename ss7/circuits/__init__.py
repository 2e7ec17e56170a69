"""What telephone circuits have in common, whatever user part (ISUP, TUP) signals for them."""
