import cluster from 'node:cluster'
import type { Log, LogEvent } from '@posthouse/wire'
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { ListenerName } from './settings.js'

export interface Metrics {
  readonly registry: Registry
  /** Counts what is logged and hands it on. */
  watching(log: Log): Log
  /** Open connections by listener are asked for when somebody looks. */
  observe(listener: ListenerName, connections: () => number): void
}

/** What an operator draws curves of. Everything but connections comes from the log: nothing is counted in two places. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  // What a worker tells the primary when that asks; making one adds the listener.
  if (cluster.isWorker) new AggregatorRegistry()
  AggregatorRegistry.setRegistries(registry)
  const messages = new Counter({
    name: 'posthouse_messages_total',
    help: 'Messages that came in by SMTP, submission and LMTP',
    labelNames: ['result'],
    registers,
  })
  const octets = new Counter({
    name: 'posthouse_message_octets_total',
    help: 'Octets of the messages that were accepted',
    registers,
  })
  const logins = new Counter({
    name: 'posthouse_logins_total',
    help: 'Logins by all protocols',
    labelNames: ['result'],
    registers,
  })
  const deliveries = new Counter({
    name: 'posthouse_deliveries_total',
    help: 'Recipients in other domains, by what an attempt came to',
    labelNames: ['result'],
    registers,
  })
  const problems = new Counter({
    name: 'posthouse_log_events_total',
    help: 'Warnings and errors in the log',
    labelNames: ['level', 'event'],
    registers,
  })
  const listeners = new Map<ListenerName, () => number>()
  new Gauge({
    name: 'posthouse_connections',
    help: 'Open connections',
    labelNames: ['listener'],
    registers,
    collect() {
      for (const [listener, connections] of listeners) this.set({ listener }, connections())
    },
  })

  function count(event: LogEvent): void {
    if (event.level === 'warn' || event.level === 'error') problems.inc({ level: event.level, event: event.event })
    if (event.event === 'message.accepted') {
      messages.inc({ result: 'accepted' })
      if (typeof event.size === 'number') octets.inc(event.size)
    } else if (event.event === 'message.refused') messages.inc({ result: 'refused' })
    else if (event.event === 'relay.delivered') deliveries.inc({ result: 'delivered' })
    else if (event.event === 'relay.deferred') deliveries.inc({ result: 'deferred' })
    else if (event.event === 'relay.failed') deliveries.inc({ result: 'failed' })
    else if (event.event === 'auth.succeeded') logins.inc({ result: 'succeeded' })
    else if (event.event === 'auth.failed') logins.inc({ result: 'failed' })
  }

  return {
    registry,
    watching: (log) => (event) => {
      count(event)
      log(event)
    },
    observe: (listener, connections) => void listeners.set(listener, connections),
  }
}
