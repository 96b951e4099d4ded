"""A stand-in for Twilio's text messages, and the phones that get them."""
