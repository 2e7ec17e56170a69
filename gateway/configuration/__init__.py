"""The configuration: one TOML file (`schema`), read by `load` and validated whole by `check`."""
