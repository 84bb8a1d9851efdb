/** Who may ask: programs on this machine, and no page of somebody else's that a browser has open. */
import type { HttpAccess } from '../options.js'
import { failure } from './respond.js'

/** The refusal of a request; `null`: it may ask. */
export function refusalOf(request: Request, { allowedHosts = [] }: HttpAccess): Response | null {
  const host = hostOf(request)
  // A name that somebody else's DNS points here (rebinding) is no reason to be read.
  if (!allowedHosts.includes('*') && !allowedHosts.includes(host) && !isLocal(host)) {
    return failure(403, 'options', `this server is not called ${host}: allow the name with allowedHosts (--allow-host)`)
  }
  const origin = request.headers.get('origin')
  // No page can write it; browsers leave it out where the server's address is no secure one.
  const site = request.headers.get('sec-fetch-site')
  const another = site === null ? origin !== null && !isOwn(origin, request) : site !== 'same-origin' && site !== 'none'
  if (another) {
    return failure(403, 'options', 'another site asks; only programs and pages of this server may')
  }
  return null
}

/** A page of this server; `null` is the origin of one that hides where it comes from. */
function isOwn(origin: string, request: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(urlOf(request)).host
}

function hostOf(request: Request): string {
  return new URL(urlOf(request)).hostname.toLowerCase()
}

function urlOf(request: Request): string {
  const named = request.headers.get('host')
  return named === null ? request.url : `http://${named}`
}

/** Names that nobody's DNS decides about, and addresses. */
function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host)
}
