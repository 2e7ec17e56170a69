"""ISDN primary rate access. Empty today: Q.921 and Q.931 are not written yet."""
