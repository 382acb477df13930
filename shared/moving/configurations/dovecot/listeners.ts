// Which protocols are spoken, and at which ports.

import type { Collector } from '../collect.ts'
import type { FilePart } from './file-parts.ts'

const protocolListeners = [
  { protocol: 'imap', service: 'imap-login', plain: ['imap', 143], tls: ['imaps', 993] },
  { protocol: 'pop3', service: 'pop3-login', plain: ['pop3', 110], tls: ['pop3s', 995] },
  { protocol: 'sieve', service: 'managesieve-login', plain: ['managesieve', 4190], tls: undefined },
] as const

/** What `protocols` says is spoken, at the ports of inet_listener. */
export function translateListeners(parts: readonly FilePart[], collect: Collector): void {
  const file = parts[0]?.file ?? ''
  const place = parts
    .flatMap(({ file, block }) => block.values.map((value) => ({ file, value })))
    .findLast(({ value }) => value.name === 'protocols')
  const from = { file: place?.file ?? file, line: place?.value.line ?? 0 }
  const text = place?.value.value ?? 'imap pop3 lmtp'
  const protocols = new Set(text.split(/\s+/).filter((word) => word !== ''))
  for (const { protocol, service, plain, tls } of protocolListeners) {
    const isSpoken = protocols.has(protocol)
    for (const listener of [plain, tls]) {
      if (listener === undefined) continue
      const [name, usualPort] = listener
      const found = portOf(parts, service, protocol === 'sieve' ? 'sieve' : name)
      const port = found?.port ?? usualPort
      const about = `protocols ${protocol}`
      const at = found?.from ?? from
      collect.set(`listeners.${name}.enabled`, isSpoken && port !== 0 ? 'yes' : 'no', {
        about,
        from: at,
      })
      if (isSpoken && port !== 0) {
        collect.set(`listeners.${name}.port`, String(port), { about, from: at })
      }
    }
    protocols.delete(protocol)
  }
  protocols.delete('lmtp')
  for (const other of protocols) {
    collect.note(
      'not-supported',
      `protocols ${other}`,
      'the protocol is not spoken by what stands in for Dovecot',
      from,
    )
  }
}

function portOf(parts: readonly FilePart[], service: string, listener: string) {
  for (const { file, block } of parts) {
    for (const one of block.blocks) {
      if (one.type !== 'service' || one.name !== service) continue
      const found = one.blocks.findLast(
        ({ type, name }) =>
          type === 'inet_listener' &&
          (name === listener || (listener === 'sieve' && name === 'managesieve')),
      )
      const port = found?.values.findLast(({ name }) => name === 'port')
      if (port !== undefined && /^\d{1,5}$/.test(port.value)) {
        return { port: Number(port.value), from: { file, line: port.line } }
      }
    }
  }
  return undefined
}
