import type { DestinationLimits } from './types.js'

const DOMAIN = 'domain:'

/** The limits of a destination: its own, those of the nearest domain above (`domain:.example.org`), or the general ones. */
export function limitsOf(
  key: string,
  byDestination: ReadonlyMap<string, DestinationLimits>,
  general: DestinationLimits,
): DestinationLimits {
  const own = byDestination.get(key)
  if (own || !key.startsWith(DOMAIN)) return own ?? general
  for (let dot = key.indexOf('.'); dot !== -1; dot = key.indexOf('.', dot + 1)) {
    const above = byDestination.get(DOMAIN + key.slice(dot))
    if (above) return above
  }
  return general
}
