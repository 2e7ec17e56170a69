"""ISDN User Part, ITU-T Q.761 to Q.764: messages, calls and circuits."""
