"""The wire to the guest: driftguard's code inside the guarded project's own interpreter."""
