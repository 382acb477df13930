// A file in the MaxMind DB format, version 2.0, with a country for each of some IPv4 networks: a binary tree of 24-bit records, its
// data, and what stands of it at its end (https://maxmind.github.io/MaxMind-DB/).

import { parseNetwork } from '#shared/settings/networks.ts'

type Data = string | number | { readonly [name: string]: Data } | readonly string[]

export function countryDatabase(countries: { readonly [network: string]: string }): Buffer {
  // Both branches of each node: a node, a country, or nothing.
  const nodes: [Branch, Branch][] = [[undefined, undefined]]
  const places = new Map<string, number>()
  const pieces: Buffer[] = []
  let bytes = 0
  for (const [text, country] of Object.entries(countries)) {
    const network = parseNetwork(text)
    if (network?.address.family !== 'ipv4') throw new Error(text)
    if (!places.has(country)) {
      const piece = encode({ country: { iso_code: country } })
      places.set(country, bytes)
      pieces.push(piece)
      bytes += piece.length
    }
    let node = 0
    for (let bit = 0; bit < network.prefixBits; bit++) {
      const side = (((network.address.bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) as 0 | 1
      const branches = nodes[node]
      if (branches === undefined) throw new Error('no such node')
      if (bit === network.prefixBits - 1) branches[side] = { country }
      else {
        const next = branches[side]
        if (typeof next === 'number') node = next
        else {
          branches[side] = nodes.length
          node = nodes.length
          nodes.push([undefined, undefined])
        }
      }
    }
  }
  const tree = Buffer.alloc(nodes.length * 6)
  for (const [i, branches] of nodes.entries()) {
    for (const [side, branch] of branches.entries()) {
      const value =
        branch === undefined
          ? nodes.length
          : typeof branch === 'number'
            ? branch
            : nodes.length + 16 + (places.get(branch.country) ?? 0)
      tree.writeUIntBE(value, i * 6 + side * 3, 3)
    }
  }
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 4,
    database_type: 'Test-Country',
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    description: { en: 'test' },
  })
  const mark = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex')
  return Buffer.concat([tree, Buffer.alloc(16), ...pieces, mark, metadata])
}

type Branch = number | { readonly country: string } | undefined

/** Control byte, type in its upper three bits; all sizes here are below 29. */
function encode(data: Data): Buffer {
  if (typeof data === 'string') return Buffer.concat([control(2, data.length), Buffer.from(data)])
  if (typeof data === 'number') {
    const value = Buffer.alloc(4)
    value.writeUInt32BE(data)
    return Buffer.concat([control(6, 4), value])
  }
  if (Array.isArray(data)) {
    // An extended type: 7 more than its second byte.
    return Buffer.concat([Buffer.from([data.length, 11 - 7]), ...data.map(encode)])
  }
  const entries = Object.entries(data)
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([name, value]) => [encode(name), encode(value)]),
  ])
}

function control(type: number, size: number): Buffer {
  return Buffer.from([(type << 5) | size])
}
