"""ISDN primary rate access: Q.921 (data link), Q.931 (call control), groups of D-channels."""
