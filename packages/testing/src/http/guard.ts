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
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    return failure(403, 'options', 'another site asks; only programs and pages of this server may')
  }
  return null
}

function hostOf(request: Request): string {
  const named = request.headers.get('host')
  const { hostname } = new URL(named === null ? request.url : `http://${named}`)
  return hostname.toLowerCase()
}

/** Names that nobody's DNS decides about, and addresses. */
function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host)
}
