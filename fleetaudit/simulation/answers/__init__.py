"""What a simulated host answers: one module for each script of ``fleetaudit/scripts``."""
