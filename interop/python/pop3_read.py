"""Reads a maildrop by poplib into files named by number. Arguments: host, port, user, password, folder."""
import os
import poplib
import sys

host, port, user, password, folder = sys.argv[1:]
client = poplib.POP3(host, int(port))
client.user(user)
client.pass_(password)
count, octets = client.stat()
sizes = [int(line.split()[1]) for line in client.list()[1]]
assert len(sizes) == count and sum(sizes) == octets, (count, octets, len(sizes), sum(sizes))
for number in range(1, count + 1):
    _, lines, _ = client.retr(number)
    with open(os.path.join(folder, str(number)), "wb") as file:
        file.write(b"\r\n".join(lines) + b"\r\n")
client.quit()
