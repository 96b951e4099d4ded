"""What lets a client user create a password: made with the client, sent by e-mail, used on a web page."""
