"""A session of imaplib that uses most of its methods and checks each answer: security, port, certificate."""
import datetime
import imaplib
import ssl
import sys

security, port, certificate = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=certificate)
if security == 'tls':
    imap = imaplib.IMAP4_SSL('localhost', port, ssl_context=context)
else:
    imap = imaplib.IMAP4('localhost', port)
    if security == 'starttls':
        imap.starttls(context)
        assert 'STARTTLS' not in imap.capabilities, imap.capabilities


def ok(answer):
    status, data = answer
    assert status == 'OK', answer
    return data


def flags(response):
    """Without \\Recent: which session is told first, and so gets it, is not the point here."""
    return set(imaplib.ParseFlags(response)) - {b'\\Recent'}


def message(number, text='text'):
    return (f'From: a{number}@example.test\r\nTo: b@example.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe_{number}?=\r\n'
            f'Message-ID: <{number}@example.test>\r\nDate: Mon, {number + 1} Nov 2026 10:00:00 +0000\r\n\r\n{text}\r\n').encode()


ok(imap.login('alice', 'secret'))
assert imap.state == 'AUTH'
imap._get_capabilities()  # it does not do that by itself
for word in ('IDLE', 'UIDPLUS', 'MOVE', 'SORT', 'THREAD=REFERENCES', 'QUOTA', 'NAMESPACE', 'UTF8=ACCEPT'):
    assert word in imap.capabilities, word
assert ok(imap.namespace())[0].startswith(b'(("" "/"))'), imap.namespace()

# Messages: dates, flags, everything comes back.
when = imaplib.Time2Internaldate(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc))
ok(imap.append('INBOX', r'(\Seen)', when, message(0)))
for number in range(1, 5):
    ok(imap.append('INBOX', '(Tag)' if number == 2 else None, None, message(number, 'x' * number)))
assert ok(imap.select('INBOX')) == [b'5']
assert imap.response('UIDNEXT') == ('UIDNEXT', [b'6'])
data = ok(imap.fetch('1:*', '(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])'))
bodies = [part[1] for part in data if isinstance(part, tuple)]
assert [body.replace(b'\r\n', b'\n') for body in bodies] == [message(n, 'x' * n if n else 'text').replace(b'\r\n', b'\n') for n in range(5)]
assert imaplib.Internaldate2tuple(data[0][0]) is not None
assert flags(data[0][0]) == {b'\\Seen'}, data[0][0]
assert flags(data[4][0]) == {b'Tag'}, data[4][0]

# Searches, with a charset and a literal.
assert ok(imap.search(None, 'UNSEEN')) == [b'2 3 4 5']
imap.literal = 'Grüße 3'.encode()
assert ok(imap.uid('SEARCH', 'CHARSET', 'UTF-8', 'SUBJECT')) == [b'4']
assert ok(imap.search(None, 'FROM', '"a4@"')) == [b'5']
assert ok(imap.search(None, 'BODY', 'nowhere')) == [b'']
assert ok(imap.sort('(REVERSE DATE)', 'UTF-8', 'ALL')) == [b'5 4 3 2 1']
assert ok(imap.uid('SORT', '(SUBJECT)', 'UTF-8', 'SEEN')) == [b'1']
assert ok(imap.thread('REFERENCES', 'UTF-8', 'ALL')) == [b'(1)(2)(3)(4)(5)'], imap.thread('REFERENCES', 'UTF-8', 'ALL')

# Flags, copies, moves, expunges.
flagged = ok(imap.store('1', '+FLAGS', r'(\Flagged)'))
assert len(flagged) == 1 and flags(flagged[0]) == {b'\\Flagged', b'\\Seen'}, flagged
ok(imap.create('Archive'))
ok(imap.create('Archive/&AMQ-'))
ok(imap.copy('1:2', 'Archive'))
ok(imap.uid('MOVE', '4', 'Archive'))
ok(imap.uid('STORE', '2,5', '+FLAGS.SILENT', r'(\Deleted)'))
# imaplib keeps the EXPUNGE of the move until it is asked for.
assert ok(imap.expunge()) == [b'4', b'2', b'3']
assert ok(imap.status('Archive', '(MESSAGES UNSEEN UIDNEXT)')) == [b'Archive (MESSAGES 3 UNSEEN 2 UIDNEXT 4)']

# Names.
names = ok(imap.list())
assert sorted(name.split(b' "/" ')[1] for name in names) == [b'Archive', b'Archive/&AMQ-', b'INBOX'], names
ok(imap.subscribe('Archive'))
assert ok(imap.lsub()) == [b'() "/" Archive'], imap.lsub()
ok(imap.unsubscribe('Archive'))
ok(imap.rename('Archive', '"Old mail"'))
assert ok(imap.status('"Old mail"', '(MESSAGES)')) == [b'"Old mail" (MESSAGES 3)']
ok(imap.delete('"Old mail/&AMQ-"'))
assert imap.status('Archive', '(MESSAGES)')[0] == 'NO'
assert imap.select('Nowhere')[0] == 'NO'
assert imap.state == 'AUTH', 'a SELECT that fails leaves nothing selected'

# Rights and quotas.
assert ok(imap.myrights('"Old mail"'))[0].startswith(b'"Old mail" '), imap.myrights('"Old mail"')
ok(imap.setacl('"Old mail"', 'bob', 'lr'))
assert b'bob lr' in ok(imap.getacl('"Old mail"'))[0]
ok(imap.deleteacl('"Old mail"', 'bob'))
ok(imap.getquotaroot('INBOX'))

# EXAMINE changes nothing; UTF-8 names once they are enabled.
ok(imap.select('"Old mail"', readonly=True))
ok(imap.fetch('2', '(BODY[])'))
assert ok(imap.search(None, 'UNSEEN')) == [b'2 3']
ok(imap.close())
ok(imap.enable('UTF8=ACCEPT'))
ok(imap.create('"Übersicht"'))
assert any('Übersicht'.encode() in name for name in ok(imap.list()))
ok(imap.append('"Übersicht"', None, None, message(9)))
ok(imap.select('"Übersicht"'))
ok(imap.noop())
ok(imap.check())
ok(imap.unselect())
ok(imap.delete('"Übersicht"'))
status, data = imap.logout()
assert status == 'BYE', status
print('done')
