"""What the driver raises."""


class SandboxError(AssertionError):
    """Something a person looked for isn't there; says what they saw instead."""
