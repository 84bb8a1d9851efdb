"""Reads all of INBOX by imaplib into files named by UID. Arguments: host, port, user, password, folder."""
import imaplib
import os
import sys

host, port, user, password, folder = sys.argv[1:]
imaplib._MAXLINE = 10_000_000
client = imaplib.IMAP4(host, int(port))
client.login(user, password)
kind, data = client.select("INBOX", readonly=True)
assert kind == "OK", data
kind, data = client.uid("SEARCH", None, "ALL")
assert kind == "OK", data
for uid in data[0].split():
    kind, parts = client.uid("FETCH", uid, "(RFC822.SIZE BODY.PEEK[])")
    assert kind == "OK", parts
    head, octets = parts[0]
    size = int(head.split(b"RFC822.SIZE ")[1].split()[0])
    assert size == len(octets), (head, len(octets))
    with open(os.path.join(folder, uid.decode()), "wb") as file:
        file.write(octets)
client.close()
client.logout()
