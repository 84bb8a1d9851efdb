"""Sends files by smtplib, all in one connection. Arguments: host, port, sender, recipient, files..."""
import smtplib
import sys

host, port, sender, recipient, *paths = sys.argv[1:]
with smtplib.SMTP(host, int(port)) as client:
    client.ehlo()
    assert client.has_extn("8bitmime") and client.has_extn("size"), client.esmtp_features
    for path in paths:
        with open(path, "rb") as file:
            client.sendmail(sender, [recipient], file.read(), mail_options=["BODY=8BITMIME"])
