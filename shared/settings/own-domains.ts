// The domains that complete what clients and users leave out.

type Names = { readonly hostname: string; readonly defaultDomain: string }

/** Postfix's $mydomain: the domain of our users, or what follows the first dot of the host's name, unless that is a top-level domain. */
export function homeDomain({ hostname, defaultDomain }: Names): string {
  if (defaultDomain !== '') return defaultDomain
  const parent = hostname.slice(hostname.indexOf('.') + 1)
  return parent.includes('.') ? parent : hostname
}

/** Of senders that forwarded mail gets (SRS). */
export const srsDomain = (names: Names & { readonly srsDomain: string }): string =>
  names.srsDomain || names.defaultDomain || names.hostname

/** Postfix's $myorigin: added to an address that has no domain at all. */
export function originDomain(names: Names & { readonly myorigin: string }): string {
  return names.myorigin || names.defaultDomain || names.hostname
}
