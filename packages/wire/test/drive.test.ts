import {
  ByteWindow,
  createDriver,
  type Engine,
  fromLatin1,
  type Link,
  type LogEvent,
  latin1,
  NEED_DATA,
  type NeedData,
  type Paused,
  type Protocol,
  type Session,
} from '@posthouse/wire'
import { connectInMemory, playEngine, playTranscript, playTranscriptAtAllCuts, slices } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'

type EchoEvent = { readonly type: 'line'; readonly text: string } | { readonly type: 'peer-closed' }

/** The smallest engine there is: lines in, lines out. */
function echoEngine(): Engine<EchoEvent, string> {
  const window = new ByteWindow()
  const output: Uint8Array[] = []
  let ended = false
  return {
    receive: (chunk) => window.push(chunk),
    receiveEnd: () => {
      ended = true
    },
    next(): EchoEvent | NeedData | Paused {
      const length = window.lineLength(1000)
      if (length !== -1) return { type: 'line', text: latin1(window.take(length)).trimEnd() }
      if (ended) {
        ended = false
        return { type: 'peer-closed' }
      }
      return NEED_DATA
    },
    send: (reply) => void output.push(fromLatin1(`${reply}\r\n`)),
    takeOutput: () => output.splice(0),
  }
}

function echo(
  handle: (text: string, say: (text: string) => void) => void | Promise<void>,
  more: Partial<Session<EchoEvent>> = {},
) {
  const protocol: Protocol<EchoEvent, string> = {
    name: 'echo',
    connect(link) {
      const engine = echoEngine()
      const say = (text: string): void => engine.send(text)
      return {
        engine,
        session: {
          start: () => (link.upgraded ? undefined : say('hello')),
          handle(event) {
            if (event.type === 'peer-closed') return
            if (event.text === 'STARTTLS') {
              say('go')
              return link.startTls()
            }
            if (event.text === 'QUIT') {
              say('bye')
              return link.close()
            }
            if (event.text === 'SECURE?') return say(link.tls ? 'yes' : 'no')
            return handle(event.text, say)
          },
          ...more,
        },
      }
    },
  }
  return protocol as unknown as Protocol
}

describe('the memory of a chunk', () => {
  /** A driver of a line protocol: `free` counts how often all memory was. */
  function drive(handle: () => void | Promise<void>, release = true) {
    const window = new ByteWindow()
    const lines: string[] = []
    const protocol: Protocol = {
      name: 'lines',
      connect: () => ({
        engine: {
          receive: (chunk) => window.push(chunk),
          ...(release && { release: () => window.release() }),
          receiveEnd() {},
          next() {
            const length = window.lineLength(100)
            return length === -1 ? NEED_DATA : { type: 'line', text: latin1(window.take(length)) }
          },
          send() {},
          takeOutput: () => [],
        },
        session: {
          handle(event) {
            lines.push((event as unknown as { text: string }).text)
            return handle()
          },
        },
      }),
    }
    const seen = { free: 0 }
    const nothing = (): void => {}
    const transport = { write: nothing, pause: nothing, resume: nothing, end: nothing, destroy: nothing }
    const consumed = (): void => void seen.free++
    const driver = createDriver(protocol, { ...transport, consumed }, () => ({}) as Link)
    driver.start()
    seen.free = 0
    return { driver, lines, seen }
  }

  test('is free when all of it was read, also that of a line which is not complete', () => {
    const { driver, lines, seen } = drive(() => {})
    const texts = ['one\r\ntw', 'o\r\n', 'thr', 'ee', '\r\n']
    for (const [i, text] of texts.entries()) {
      const chunk = fromLatin1(text)
      driver.receive(chunk)
      expect(seen.free).toBe(i + 1)
      chunk.fill(0)
    }
    expect(lines).toEqual(['one\r\n', 'two\r\n', 'three\r\n'])
  })

  test('is not while a handler runs, nor is that of what waits for it', async () => {
    let done = (): void => {}
    const { driver, lines, seen } = drive(() => new Promise((resolve) => (done = resolve)))
    driver.receive(fromLatin1('one\r\ntwo\r\n'))
    driver.receive(fromLatin1('three\r\n'))
    for (const count of [1, 2, 3]) {
      await expect.poll(() => lines.length).toBe(count)
      expect(seen.free).toBe(0)
      done()
    }
    await expect.poll(() => seen.free).toBe(1)
    expect(lines).toEqual(['one\r\n', 'two\r\n', 'three\r\n'])
  })

  test('is never where an engine cannot let go of it', () => {
    const { driver, seen } = drive(() => {}, false)
    driver.receive(fromLatin1('one\r\n'))
    expect(seen.free).toBe(0)
  })
})

describe('a peer that reads slowly', () => {
  /** A driver whose transport says with each write that the peer is behind; `catchUp` ends that. */
  function drive(handle: (text: string, say: (text: string) => void, link: Link) => void | Promise<void>, unsent = 0) {
    const written: string[] = []
    const due: (() => void)[] = []
    const later: (() => void)[] = []
    const nothing = (): void => {}
    const protocol = echo((text, say) => handle(text, say, link))
    const counted: Protocol = {
      name: 'echo',
      connect(made) {
        const { engine, session } = protocol.connect(made)
        return { engine: Object.assign(engine, { unsent }), session }
      },
    }
    const link = {
      flush: () => driver.control.flush(),
      close: () => driver.control.close(),
    } as Link
    const driver = createDriver(
      counted,
      {
        write(pieces) {
          written.push(...pieces.map((piece) => latin1(piece).trimEnd()))
          return new Promise((resolve) => due.push(resolve))
        },
        soon: (step) => void later.push(step),
        pause: nothing,
        resume: nothing,
        end: nothing,
        destroy: nothing,
      },
      () => link,
    )
    driver.start()
    const settled = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) await Promise.resolve()
    }
    return {
      driver,
      written,
      settled,
      async catchUp() {
        for (const resolve of due.splice(0)) resolve()
        await settled()
      },
      async nextTurn() {
        for (const step of later.splice(0)) step()
        await settled()
      },
    }
  }

  test('is waited for between events, also when a later turn has written what was said', async () => {
    let answer = (): void => {}
    const { driver, written, settled, catchUp, nextTurn } = drive((text, say) => {
      say(`<${text}`)
      return new Promise((resolve) => {
        answer = () => {
          say(`${text}>`)
          resolve()
        }
      })
    })
    await catchUp()
    driver.receive(fromLatin1('one\r\ntwo\r\n'))
    await nextTurn()
    expect(written).toEqual(['hello', '<one'])
    answer()
    await settled()
    await nextTurn()
    // `two` has not begun, and what `one` has said last is not kept back.
    expect(written).toEqual(['hello', '<one', 'one>'])
    await catchUp()
    await nextTurn()
    expect(written).toEqual(['hello', '<one', 'one>', '<two'])
  })

  test('is what a flush tells of although there is nothing new to write', async () => {
    const flushes: (void | Promise<void>)[] = []
    const { driver, catchUp } = drive((_text, say, link) => {
      say('reply')
      flushes.push(link.flush(), link.flush())
    })
    await catchUp()
    driver.receive(fromLatin1('one\r\n'))
    await catchUp()
    driver.receive(fromLatin1('two\r\n'))
    expect(flushes).toEqual([expect.any(Promise), expect.any(Promise), expect.any(Promise), expect.any(Promise)])
    await catchUp()
    expect(driver.control.flush()).toBeUndefined()
  })

  test('is not given the answers to a whole chunk when they are long', async () => {
    const { driver, written, catchUp } = drive((text, say) => say(text), 262_144)
    await catchUp()
    driver.receive(fromLatin1('one\r\ntwo\r\n'))
    expect(written).toEqual(['hello', 'one'])
    await catchUp()
    expect(written).toEqual(['hello', 'one', 'two'])
  })

  test('does not keep a connection that is to be closed', async () => {
    const { driver, written, catchUp, settled } = drive((text, say, link) => {
      say(text)
      link.close()
    })
    await catchUp()
    driver.receive(fromLatin1('one\r\ntwo\r\n'))
    await settled()
    expect(written).toEqual(['hello', 'one'])
  })
})

describe('the byte window', () => {
  test('gives lines at any cutting', () => {
    const input = fromLatin1('one\r\ntwo\nthree\r\n\r\nrest')
    for (let size = 1; size <= input.length; size++) {
      const window = new ByteWindow()
      const lines: string[] = []
      for (const chunk of slices(input, size)) {
        window.push(chunk)
        for (let length = window.lineLength(100); length !== -1; length = window.lineLength(100)) {
          lines.push(latin1(window.take(length)))
        }
      }
      expect(lines).toEqual(['one\r\n', 'two\n', 'three\r\n', '\r\n'])
      expect(latin1(window.view())).toBe('rest')
    }
  })

  test('finds no line end beyond the limit, and finds it when the limit grows', () => {
    const window = new ByteWindow()
    window.push(fromLatin1('12345678\r\n'))
    expect(window.lineLength(5)).toBe(-1)
    expect(window.lineLength(10)).toBe(10)
  })

  test('a view stays what it was while nothing is pushed', () => {
    const window = new ByteWindow()
    window.push(fromLatin1('abc'))
    window.push(fromLatin1('def'))
    const view = window.take(4)
    expect(window.length).toBe(2)
    expect(latin1(view)).toBe('abcd')
    expect(window.peek(1)).toBe('f'.charCodeAt(0))
    expect(window.peek(2)).toBeUndefined()
  })
})

describe('the driver', () => {
  test('answers a pipelined batch in one write', async () => {
    const connection = connectInMemory(echo((text, say) => say(text)))
    connection.take()
    connection.send(fromLatin1('a\r\nb\r\nc\r\n'))
    expect(latin1(connection.take())).toBe('a\r\nb\r\nc\r\n')
  })

  test('keeps the order when a handler takes its time', async () => {
    await playTranscriptAtAllCuts(
      () =>
        echo(async (text, say) => {
          for (let turn = text.length; turn > 0; turn--) await Promise.resolve()
          say(text)
        }),
      `
      S: hello
      C: longer than the next
      C: b
      S: longer than the next
      S: b
      C: QUIT
      S: bye
      -- closed --`,
    )
  })

  test('answers that are decided in one turn of the event loop leave in one write', async () => {
    const writes: string[] = []
    const ticks: (() => void)[] = []
    const transport = {
      write: (pieces: readonly Uint8Array[]) => void writes.push(pieces.map((piece) => latin1(piece)).join('')),
      soon: (step: () => void) => void ticks.push(step),
      pause() {},
      resume() {},
      end() {},
      destroy() {},
    }
    let finish: () => void = () => {}
    const protocol = echo(async (text, say) => {
      await (text === 'slow' ? new Promise<void>((resolve) => (finish = resolve)) : null)
      say(text)
    })
    const driver = createDriver(
      protocol,
      transport,
      () => ({ id: 'test', upgraded: false, log() {} }) as unknown as Link,
    )
    driver.start()
    driver.receive(fromLatin1('a\r\nb\r\nslow\r\nc\r\n'))
    await new Promise((resolve) => setImmediate(resolve))
    // Two answers are there, and the third takes its time: the turn is over.
    expect(writes).toEqual(['hello\r\n'])
    for (const tick of ticks.splice(0)) tick()
    expect(writes).toEqual(['hello\r\n', 'a\r\nb\r\n'])
    finish()
    await new Promise((resolve) => setImmediate(resolve))
    expect(writes).toEqual(['hello\r\n', 'a\r\nb\r\n', 'slow\r\nc\r\n'])
  })

  test('a handler that throws ends its connection with a last word and a log line', async () => {
    const events: LogEvent[] = []
    let say: (text: string) => void = () => {}
    const protocol = echo(
      (_text, speak) => {
        say = speak
        throw new Error('broken')
      },
      { failed: () => say('sorry') },
    )
    await playTranscript(
      protocol,
      `
      S: hello
      C: x
      S: sorry
      -- closed --`,
      { log: (event) => events.push(event) },
    )
    expect(events.map((event) => event.event)).toEqual(['session.failed'])
  })

  test('TLS: a new session that knows nothing, and no greeting', async () => {
    await playTranscriptAtAllCuts(
      () => echo(() => {}),
      `
      S: hello
      C: SECURE?
      S: no
      C: STARTTLS
      S: go
      -- tls --
      C: SECURE?
      S: yes`,
    )
  })

  test('what comes in clear text while TLS starts ends the connection', async () => {
    const connection = connectInMemory(echo(async () => {}))
    connection.take()
    connection.send(fromLatin1('slow\r\n'))
    // While `slow` runs, both of these wait unread: the second one is what an attacker injects.
    connection.send(fromLatin1('STARTTLS\r\n'))
    connection.send(fromLatin1('INJECTED\r\n'))
    await connection.output()
    expect(latin1(connection.take())).toBe('go\r\n')
    await connection.output()
    expect(connection.closed).toBe(true)
    expect(connection.pending).toBe(null)
  })

  test('the peer that half-closes still gets its answers', async () => {
    const connection = connectInMemory(
      echo(async (text, say) => {
        await Promise.resolve()
        say(text)
      }),
    )
    connection.send(fromLatin1('last words\r\n'))
    connection.end()
    expect(latin1(connection.take())).toBe('hello\r\n')
    await connection.output()
    expect(latin1(connection.take())).toBe('last words\r\n')
    await connection.output()
    expect(connection.closed).toBe(true)
  })

  test('closed is told once, with the reason', async () => {
    const reasons: string[] = []
    const connection = connectInMemory(echo(() => {}, { closed: (reason) => void reasons.push(reason.type) }))
    connection.send(fromLatin1('QUIT\r\n'))
    connection.driver.lost({ type: 'peer' })
    expect(reasons).toEqual(['closed'])
  })

  test('a session that fails to let go before TLS is logged, and the next one goes on', async () => {
    const events: string[] = []
    let first = true
    const closed = () => {
      const fails = first
      first = false
      return fails ? Promise.reject(new Error('cannot close')) : undefined
    }
    await playTranscript(
      echo(() => {}, { closed }),
      'S: hello\nC: STARTTLS\nS: go\n-- tls --\nC: SECURE?\nS: yes',
      { log: ({ event }) => events.push(event) },
    )
    expect(events).toEqual(['session.close-failed'])
  })

  test('a protocol that fails to connect behind TLS ends the connection; the session before it hears no more', async () => {
    const heard: string[] = []
    const first = echo(() => {}, {
      closed: ({ type }) => void heard.push(type),
      failed: () => void heard.push('failed'),
    })
    const events: string[] = []
    await playTranscript(
      {
        ...first,
        connect(link) {
          if (link.upgraded) throw new Error('no')
          return first.connect(link)
        },
      },
      'S: hello\nC: STARTTLS\nS: go\n-- tls --',
      { log: ({ event }) => events.push(event) },
    )
    expect([heard, events]).toEqual([['upgraded'], ['session.failed']])
  })

  test('octets behind STARTTLS that are in the engine already end the connection, too', () => {
    const heard: string[] = []
    const connection = connectInMemory(echo((text) => void heard.push(text)))
    connection.take()
    connection.send(fromLatin1('STARTTLS\r\nINJECTED\r\n'))
    expect([latin1(connection.take()), connection.closed, connection.pending, heard]).toEqual([
      'go\r\n',
      true,
      null,
      [],
    ])
  })

  test('a handshake behind STARTTLS is not waited for at the end', () => {
    const closed: string[] = []
    const connection = connectInMemory(echo(() => {}, { closed: ({ type }) => void closed.push(type) }))
    connection.send(fromLatin1('STARTTLS\r\n'))
    expect(connection.pending).toBe('tls')
    connection.driver.shutdown()
    expect([connection.closed, closed]).toEqual([true, ['closed']])
  })

  test('behind the handshake a session says goodbye as ever', () => {
    const connection = connectInMemory(
      echo(() => {}, {
        shutdown() {},
      }),
    )
    connection.send(fromLatin1('STARTTLS\r\n'))
    connection.handshake()
    connection.driver.shutdown()
    expect(connection.closed).toBe(false)
  })

  test('an idle session is shut down at once, after its goodbye', () => {
    const connection = connectInMemory(echo(() => {}))
    connection.driver.shutdown()
    expect(connection.closed).toBe(true)
  })
})

test('a transport that gives chunks all the same is paused again for each that must wait', async () => {
  let pauses = 0
  let resumes = 0
  let goOn = (): void => {}
  const nothing = (): void => {}
  const transport = { write: nothing, pause: () => void pauses++, resume: () => void resumes++, end: nothing }
  const protocol = echo(() => new Promise<void>((resolve) => (goOn = resolve)))
  const driver = createDriver(protocol, { ...transport, destroy: nothing }, () => ({}) as Link)
  driver.start()
  for (const line of ['one', 'two', 'three']) driver.receive(fromLatin1(`${line}\r\n`))
  expect([pauses, resumes]).toEqual([2, 0])
  for (let i = 0; i < 3; i++) {
    goOn()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect([pauses, resumes]).toEqual([2, 1])
})

describe('the transcript player', () => {
  test('shows the line that differs', async () => {
    await expect(
      playTranscript(
        echo((text, say) => say(text)),
        'S: hello\nC: a\nS: b',
      ),
    ).rejects.toThrow('transcript line 3 differs\n  wanted S: b\n   heard S: a')
  })

  test('does not overlook what was said beyond its end', async () => {
    await expect(
      playTranscript(
        echo((text, say) => say(text)),
        'S: hello\nC: a\nC: b\nS: a',
      ),
    ).rejects.toThrow('more than')
  })

  test('{*} stands for any text', async () => {
    await playTranscript(
      echo((text, say) => say(text)),
      'S: h{*}\nC: a-middle-z\nS: a-{*}-z',
    )
  })
})

test('playEngine gives the same events at any cutting', () => {
  const input = fromLatin1('a\r\nbb\r\nccc')
  const whole = playEngine(echoEngine(), [input], (event, engine) => engine.send(event.type))
  for (let size = 1; size < input.length; size++) {
    expect(playEngine(echoEngine(), slices(input, size), (event, engine) => engine.send(event.type))).toEqual(whole)
  }
  expect(whole.events).toEqual([{ type: 'line', text: 'a' }, { type: 'line', text: 'bb' }, { type: 'peer-closed' }])
})
