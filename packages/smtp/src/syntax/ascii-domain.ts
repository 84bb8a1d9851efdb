/** A domain in A-labels, as the runtime's URL parser knows them; as it was where it has no such form. */
export function asciiDomain(domain: string): string {
  try {
    return new URL(`http://${domain}`).hostname
  } catch {
    return domain
  }
}
