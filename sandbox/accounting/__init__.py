"""What the stand-ins for accounting software share."""
