"""Speech and media formats on whole numpy blocks: G.711, tones, RTP. No I/O."""
