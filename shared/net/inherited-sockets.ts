// Listening sockets that whoever started us has opened, as systemd passes them (sd_listen_fds(3)): a restart then refuses nobody, for
// connections wait at the socket until somebody accepts them again. A socket is known by its address; a listener that wants the same one
// takes it instead of opening its own.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Server } from 'node:net'

/** The first descriptor that is passed. */
const FIRST_DESCRIPTOR = 3
const SOCKETS_MAX = 256
/** Of the kernel's table: the state LISTEN. */
const LISTENING = '0A'

type Place = { readonly address: string; readonly port: number }

/** Not taken yet. */
const inherited: (Place & { readonly fd: number })[] = []

/** Once, at the start of the process; returns how many there are. */
export function adoptSockets(environment: { readonly [name: string]: string | undefined }): number {
  const { LISTEN_FDS, LISTEN_PID } = environment
  const count = Number(LISTEN_FDS ?? 0)
  // Whoever passes them to a process that he starts himself cannot know its number.
  const isForUs = LISTEN_PID === undefined || Number(LISTEN_PID) === process.pid
  if (!Number.isInteger(count) || count <= 0 || count > SOCKETS_MAX || !isForUs) return 0
  const listening = listeningSockets()
  for (let fd = FIRST_DESCRIPTOR; fd < FIRST_DESCRIPTOR + count; fd++) {
    const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(linkOf(fd)) ?? []
    const place = listening.get(inode)
    if (place !== undefined) inherited.push({ ...place, fd })
  }
  return inherited.length
}

/** Opened by others, and by now not taken by any listener. */
export const socketsLeft = (): readonly Place[] =>
  inherited.map(({ address, port }) => ({ address, port }))

/** Listens on the inherited socket of this address, or on one of its own. '' for all addresses. */
export function listenOn(server: Server, host: string, port: number): void {
  const at = inherited.findIndex((one) => one.port === port && isAddress(one.address, host))
  const [taken] = at < 0 ? [] : inherited.splice(at, 1)
  if (taken !== undefined) server.listen({ fd: taken.fd })
  else server.listen(host === '' ? { port } : { port, host })
}

const everywhere: readonly string[] = ['::', '0.0.0.0']

function isAddress(address: string, wanted: string): boolean {
  if (wanted === '') return everywhere.includes(address)
  if (wanted === 'localhost') return address === '127.0.0.1' || address === '::1'
  return address === wanted
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** By inode. */
function listeningSockets(): ReadonlyMap<string, Place> {
  const found = new Map<string, Place>()
  for (const table of ['tcp', 'tcp6']) {
    if (!readdirSync('/proc/self/net').includes(table)) continue
    for (const line of readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state !== LISTENING) continue
      found.set(inode, { address: addressOf(address), port: Number.parseInt(port, 16) })
    }
  }
  return found
}

/** Words of 32 bits, each in the order of the machine's bytes. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  for (let word = 0; word < bytes.length; word += 4) bytes.subarray(word, word + 4).reverse()
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(2 * n).toString(16))
  const text = groups.join(':')
  if (text === '0:0:0:0:0:0:0:0') return '::'
  return text === '0:0:0:0:0:0:0:1' ? '::1' : new URL(`http://[${text}]`).hostname.slice(1, -1)
}
