/** Where the mailboxes of others appear (RFC 2342): `Other Users/owner/...`, and those of nobody in `Shared/...`. */
import type { MailStore } from '@posthouse/store-api'

/** What the namespaces are called. */
export interface NamespaceOptions {
  /** The first part of the names of other users' mailboxes. Default: `Other Users`. */
  readonly otherUsers?: string
  /** The first part of the names of mailboxes that belong to nobody. Default: `Shared`. */
  readonly shared?: string
  /** Is this account nobody's, but a place for shared mailboxes? Default: none is. */
  readonly isShared?: (account: string) => boolean
}

/** The namespaces of a server. */
export interface Namespaces {
  readonly otherUsers: string
  /** `null`: there is no account for shared mailboxes. */
  readonly shared: string | null
  readonly isShared: (account: string) => boolean
}

/** `null` for a store that does not know what others share. */
export function namespacesOf(store: MailStore, options: NamespaceOptions = {}): Namespaces | null {
  if (!store.sharedWith) return null
  const { isShared } = options
  return {
    otherUsers: options.otherUsers ?? 'Other Users',
    shared: isShared ? (options.shared ?? 'Shared') : null,
    isShared: isShared ?? (() => false),
  }
}

/** Where the mailboxes of an account stand for everybody but its owner. */
export function prefixOf({ otherUsers, shared, isShared }: Namespaces): (owner: string) => readonly string[] {
  return (owner) => [shared !== null && isShared(owner) ? shared : otherUsers, owner]
}

/** Does a name lie in a namespace of others? */
export function isForeign(namespaces: Namespaces | null, path: readonly string[]): boolean {
  return namespaces !== null && (path[0] === namespaces.otherUsers || path[0] === namespaces.shared)
}
