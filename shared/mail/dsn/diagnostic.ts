// Whose words they are that tell of a delivery: another host's, which a report hands on as they came, or ours.

export type Diagnostic =
  | { readonly kind: 'smtp'; readonly host: string; readonly words: string }
  | { readonly kind: 'own'; readonly words: string }

const EXPIRED = 'delivery time expired: '
const REMOTE = /^host (\S+) (?:said|refused to talk to me): (.*)$/s
const PLACE = ' (in reply to '
const REPLY = /^[2-5]\d\d[ -]/

/** `remoteMta`: who was spoken to, `name[address]`. */
export function diagnosticOf({
  reply,
  remoteMta,
}: {
  readonly reply: string
  readonly remoteMta: string | null
}): Diagnostic {
  const told = reply.startsWith(EXPIRED) ? reply.slice(EXPIRED.length) : reply
  const [, host, said] = REMOTE.exec(told) ?? []
  if (host !== undefined && said !== undefined) {
    const place = said.endsWith(')') ? said.lastIndexOf(PLACE) : -1
    const words = place < 0 ? said : said.slice(0, place)
    return { kind: 'smtp', host: nameOf(host), words }
  }
  if (remoteMta !== null && REPLY.test(reply))
    return { kind: 'smtp', host: nameOf(remoteMta), words: reply }
  return { kind: 'own', words: reply }
}

/** Of `name[address]:port`; one without a name is told by its address (RFC 3464 §2.1.2). */
function nameOf(peer: string): string {
  const bracket = peer.indexOf('[')
  return bracket > 0 ? peer.slice(0, bracket) : peer
}
