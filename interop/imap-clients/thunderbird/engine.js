/**
 * Runs inside Thunderbird, with its own classes: what its windows would do, without them. The name of a function and its
 * arguments come from the test; the answer must be JSON.
 */
const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs')

const server = () => MailServices.accounts.accounts[0].incomingServer
const root = () => server().rootFolder

function folder(path) {
  let found = root()
  for (const name of path) {
    const next = found.subFolders.find((one) => one.name === name || one.prettyName === name)
    if (!next) throw new Error(`no folder ${name} among ${found.subFolders.map((one) => one.name).join(', ')}`)
    found = next
  }
  return found
}

/** Calls back a function that takes a listener of URLs; fails when what it began does. */
function finished(begin) {
  return new Promise((resolve, reject) => {
    begin({
      QueryInterface: ChromeUtils.generateQI(['nsIUrlListener']),
      OnStartRunningUrl() {},
      OnStopRunningUrl(_url, status) {
        if (Components.isSuccessCode(status)) resolve()
        else reject(new Error(`failed: 0x${status.toString(16)}`))
      },
    })
  })
}

/** The same for copies. */
function copied(begin) {
  return new Promise((resolve, reject) => {
    begin({
      QueryInterface: ChromeUtils.generateQI(['nsIMsgCopyServiceListener']),
      onStartCopy() {},
      onProgress() {},
      setMessageKey() {},
      getMessageId: () => null,
      onStopCopy(status) {
        if (Components.isSuccessCode(status)) resolve()
        else reject(new Error(`copy failed: 0x${status.toString(16)}`))
      },
    })
  })
}

const headers = (path) => [...folder(path).messages]
const bySubject = (path, subject) => {
  const found = headers(path).find((one) => one.mime2DecodedSubject === subject)
  if (!found) throw new Error(`no ${subject} in ${path}`)
  return found
}

/** Streams a message as a window shows it. */
function source(header) {
  const uri = header.folder.getUriForMsg(header)
  const service = MailServices.messageServiceFromURI(uri)
  return new Promise((resolve, reject) => {
    const input = []
    service.streamMessage(
      uri,
      {
        QueryInterface: ChromeUtils.generateQI(['nsIStreamListener', 'nsIRequestObserver']),
        onStartRequest() {},
        onDataAvailable(_request, stream, _offset, count) {
          const binary = Cc['@mozilla.org/binaryinputstream;1'].createInstance(Ci.nsIBinaryInputStream)
          binary.setInputStream(stream)
          input.push(binary.readBytes(count))
        },
        onStopRequest(_request, status) {
          if (Components.isSuccessCode(status)) resolve(input.join(''))
          else reject(new Error(`no source: 0x${status.toString(16)}`))
        },
      },
      null,
      null,
      false,
      '',
      false,
    )
  })
}

/** Anything that folders tell of counts; who waits for more hears of it. Kept from one script to the next. */
globalThis.changes ??= (() => {
  const changes = { count: 0, waiting: [] }
  const tell = () => {
    changes.count++
    for (const wake of changes.waiting.splice(0)) wake(null)
  }
  const names = ['Added', 'Removed', 'MessageAdded', 'MessageRemoved', 'PropertyChanged', 'IntPropertyChanged']
  const more = ['BoolPropertyChanged', 'UnicharPropertyChanged', 'PropertyFlagChanged', 'Event']
  const listener = { QueryInterface: ChromeUtils.generateQI(['nsIFolderListener']) }
  for (const name of [...names, ...more]) listener[`onFolder${name}`] = tell
  for (const name of ['onMessageAdded', 'onMessageRemoved']) listener[name] = tell
  MailServices.mailSession.AddFolderListener(listener, Ci.nsIFolderListener.all)
  return changes
})()

/** Messages as the test compares them. */
const described = (path) =>
  headers(path).map((one) => ({
    subject: one.mime2DecodedSubject,
    recipients: one.mime2DecodedRecipients,
    uid: one.messageKey,
    size: one.messageSize,
    read: one.isRead,
    flagged: one.isFlagged,
    replied: (one.flags & Ci.nsMsgMessageFlags.Replied) !== 0,
    keywords: one.getStringProperty('keywords'),
  }))

const engine = {
  /** Trusts the server's certificate and knows the password. */
  async prepare(certificate) {
    const one = server()
    const host = one.hostname ?? one.hostName
    one.password = 'secret'
    if (certificate) {
      const cert = Cc['@mozilla.org/security/x509certdb;1']
        .getService(Ci.nsIX509CertDB)
        .constructX509FromBase64(certificate)
      Cc['@mozilla.org/security/certoverride;1']
        .getService(Ci.nsICertOverrideService)
        .rememberValidityOverride(host, one.port, {}, cert, true)
    }
    return one.type
  },
  async open(path) {
    await finished((listener) =>
      folder(path).QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, listener),
    )
  },
  /** Resolves when more has happened than that. */
  changed: (count) =>
    new Promise((resolve) => {
      if (globalThis.changes.count > count) resolve()
      else globalThis.changes.waiting.push(resolve)
    }),
  /** Looks for new folders. */
  async expand() {
    const names = []
    const walk = (one, before) => {
      for (const child of one.subFolders) {
        names.push([...before, child.name].join('/'))
        walk(child, [...before, child.name])
      }
    }
    await new Promise((resolve) => {
      const waiting = {
        QueryInterface: ChromeUtils.generateQI(['nsIUrlListener']),
        OnStartRunningUrl() {},
        OnStopRunningUrl: () => resolve(),
      }
      MailServices.imap.discoverAllFolders(root(), waiting, null)
    })
    walk(root(), [])
    return names
  },
  list: async (path) => ({ count: globalThis.changes.count, messages: described(path) }),
  source: async (path, subject) => source(bySubject(path, subject)),
  async read(path, subjects) {
    folder(path).markMessagesRead(
      subjects.map((one) => bySubject(path, one)),
      true,
    )
  },
  async flag(path, subjects) {
    folder(path).markMessagesFlagged(
      subjects.map((one) => bySubject(path, one)),
      true,
    )
  },
  async tag(path, subjects, keyword) {
    folder(path).addKeywordsToMessages(
      subjects.map((one) => bySubject(path, one)),
      keyword,
    )
  },
  async remove(path, subjects) {
    const found = subjects.map((one) => bySubject(path, one))
    await copied((listener) => folder(path).deleteMessages(found, null, true, false, listener, false))
  },
  async expunge(path) {
    await finished((listener) => folder(path).compact(listener, null))
  },
  async create(name) {
    await finished((listener) => {
      const one = root().QueryInterface(Ci.nsIMsgImapMailFolder)
      MailServices.imap.createFolder(one, name, listener)
    })
  },
  async move(path, subjects, to) {
    const found = subjects.map((one) => bySubject(path, one))
    await copied((listener) =>
      MailServices.copy.copyMessages(folder(path), found, folder(to), true, listener, null, false),
    )
  },
  /** Saves a message, as a draft or what was sent is saved. */
  async append(path, text, keywords) {
    const file = Services.dirsvc.get('TmpD', Ci.nsIFile)
    file.append('append.eml')
    file.createUnique(Ci.nsIFile.NORMAL_FILE_TYPE, 0o600)
    await IOUtils.write(
      file.path,
      Uint8Array.from(text, (one) => one.charCodeAt(0)),
    )
    const seen = Ci.nsMsgMessageFlags.Read
    await copied((listener) =>
      MailServices.copy.copyFileMessage(file, folder(path), null, false, seen, keywords, listener, null),
    )
    file.remove(false)
  },
  /** Downloads all messages of a folder for work without a connection. */
  async download(path) {
    await finished((listener) => folder(path).downloadAllForOffline(listener, null))
    return headers(path).filter((one) => (one.flags & Ci.nsMsgMessageFlags.Offline) !== 0).length
  },
}

// biome-ignore lint/complexity/noArguments: a script of Marionette has no parameters of its own
const [name, ...given] = arguments
const done = given.pop()
engine[name](...given).then(
  (value) => done({ value: value ?? null }),
  (error) => done({ error: `${error.message}\n${error.stack}` }),
)
