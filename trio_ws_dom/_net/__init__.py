"""The connection's life on trio: dialling, the pump, and the closing with its bounds."""
