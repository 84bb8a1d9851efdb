/**
 * The DNS tree walk (RFC 9989 §4.10): the DMARC records of a domain and of those above it say which of them is its
 * organization.
 */
import { type DmarcRecord, readDmarcRecord } from '../syntax/dmarc-record.js'
import { isNameMissing, isRecordMissing, type Resolve } from './dns.js'

/** What is found on the way up from a domain. */
export interface Walk {
  /** The organizational domain; the domain itself where no record says anything else. */
  readonly organization: string
  /** By domain, those with more labels first. */
  readonly records: ReadonlyMap<string, DmarcRecord>
}

/** DMARC records and walks for one message. What was asked once is known. All reject when DNS does not say. */
export interface Tree {
  /** The record of a domain. Without one, or with several, there is none. */
  record(domain: string): Promise<DmarcRecord | null>
  walk(domain: string): Promise<Walk>
  exists(domain: string): Promise<boolean>
}

/** The tree as this resolver shows it. */
export function treeOf(ask: Resolve): Tree {
  const records = new Map<string, Promise<DmarcRecord | null>>()
  const record = (domain: string): Promise<DmarcRecord | null> => {
    const found = records.get(domain) ?? recordOf(domain, ask)
    records.set(domain, found)
    return found
  }
  return { record, walk: (domain) => walk(domain, record), exists: (domain) => exists(domain, ask) }
}

/** §4.10: at most so many queries. Behind the first one, names have fewer labels. */
const MAX_QUERIES = 8

async function walk(domain: string, recordOf: Tree['record']): Promise<Walk> {
  // Dots too many hide nobody's organization.
  const labels = domain.split('.').filter((label) => label !== '')
  const last = (count: number): string => labels.slice(-count).join('.')
  const records = new Map<string, DmarcRecord>()
  let organization = domain
  for (let count = labels.length; count > 0; count = Math.min(count, MAX_QUERIES) - 1) {
    const name = last(count)
    const record = await recordOf(name)
    if (!record) continue
    records.set(name, record)
    // One label more: of a public suffix itself there are none.
    organization = record.psd === 'y' ? last(count + 1) : name
    if (record.psd !== 'u') break
  }
  return { organization, records }
}

async function recordOf(domain: string, ask: Resolve): Promise<DmarcRecord | null> {
  const name = `_dmarc.${domain}`
  if (!isName(name)) return null
  const answers: readonly (readonly string[])[] = await ask(name, 'TXT').catch((error: unknown) => {
    if (isRecordMissing(error)) return []
    throw error
  })
  const records = answers.map((strings) => readDmarcRecord(strings.join(''))).filter((record) => record !== null)
  return records.length === 1 ? records[0] : null
}

/** RFC 9989 §3.2.13: a name that DNS does not know, whatever it is asked for, does not exist. */
async function exists(domain: string, ask: Resolve): Promise<boolean> {
  if (!isName(domain)) return false
  return ask(domain, 'A').then(
    () => true,
    (error: unknown) => {
      if (isRecordMissing(error)) return !isNameMissing(error)
      throw error
    },
  )
}

/** RFC 1035 §2.3.4. An address in brackets is none. */
function isName(name: string): boolean {
  if (name.length > 253 || name.includes('[') || name.includes(']')) return false
  return name.split('.').every((label) => label.length <= 63)
}
