/**
 * The one form in which two spellings of a domain are compared and asked for in DNS: lower case, without a dot at the
 * end, and in its ASCII form (`xn--`) where the runtime's URL parser knows one.
 */
export function domainName(domain: string): string {
  const lower = (domain.endsWith('.') ? domain.slice(0, -1) : domain).toLowerCase()
  for (let i = 0; i < lower.length; i++) if (lower.charCodeAt(i) > 127) return asciiDomain(lower)
  return lower
}

function asciiDomain(domain: string): string {
  try {
    return new URL(`http://${domain}`).hostname
  } catch {
    return domain
  }
}

/** The domain of an address. */
export function domainOf(address: string): string {
  return domainName(address.slice(address.lastIndexOf('@') + 1))
}
