"""clinicctl runs the front desk of a medical clinic from the terminal."""

__version__ = "0.1.0"
