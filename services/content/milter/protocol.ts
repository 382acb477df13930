// What can be said in the milter protocol: its letters, what a filter may want and need not be told, and the negotiation of that
// (libmilter's mfdef.h and mfapi.h).

import { decodeStrings, encodePacket, MilterFailure, type Packet } from './packet.ts'

export const milterVersions = [2, 3, 4, 6] as const
export type MilterVersion = (typeof milterVersions)[number]

/** What a filter may do to a message. */
export const actions = {
  addHeader: 0x01,
  changeBody: 0x02,
  addRecipient: 0x04,
  removeRecipient: 0x08,
  changeHeader: 0x10,
  quarantine: 0x20,
  changeSender: 0x40,
  addRecipientWithArguments: 0x80,
  setMacros: 0x100,
} as const

/** What it need not be told, need not answer, or wants besides. */
export const wishes = {
  noConnect: 0x1,
  noHelo: 0x2,
  noMail: 0x4,
  noRecipient: 0x8,
  noBody: 0x10,
  noHeaders: 0x20,
  noEndOfHeader: 0x40,
  silentHeader: 0x80,
  noUnknown: 0x100,
  noData: 0x200,
  maySkip: 0x400,
  rejectedRecipients: 0x800,
  silentConnect: 0x1000,
  silentHelo: 0x2000,
  silentMail: 0x4000,
  silentRecipient: 0x8000,
  silentData: 0x10000,
  silentUnknown: 0x20000,
  silentEndOfHeader: 0x40000,
  silentBody: 0x80000,
  leadingSpace: 0x100000,
} as const

/** All that is offered to a filter of this version. */
const offers: { readonly [V in MilterVersion]: { readonly actions: number; wishes: number } } = {
  2: { actions: 0x3f, wishes: 0x7f },
  3: { actions: 0x3f, wishes: 0x17f },
  4: { actions: 0x3f, wishes: 0x3ff },
  6: { actions: 0x1ff, wishes: 0x1fffff },
}

/** Stages for which a filter names the macros it wants, by their numbers in its answer. */
export const macroStages = [
  'connect',
  'helo',
  'mail',
  'recipient',
  'data',
  'endOfMessage',
  'endOfHeader',
] as const
export type MacroStage = (typeof macroStages)[number]

export type Negotiated = {
  readonly version: number
  readonly actions: number
  readonly wishes: number
  /** In place of the configured ones. */
  readonly macros: ReadonlyMap<MacroStage, readonly string[]>
}

/** Nobody needs more than there are. */
const MACRO_NAMES_MAX = 100

export function offer(version: MilterVersion): Buffer {
  const data = Buffer.allocUnsafe(12)
  data.writeUInt32BE(version, 0)
  data.writeUInt32BE(offers[version].actions, 4)
  data.writeUInt32BE(offers[version].wishes, 8)
  return encodePacket('O', data)
}

/** A filter wants a part of what was offered, and speaks this version or an older one. */
export function negotiated({ command, data }: Packet, offered: MilterVersion): Negotiated {
  if (command !== 'O' || data.length < 12) throw new MilterFailure(`answers ${command} to an offer`)
  const version = data.readUInt32BE(0)
  const wanted = { actions: data.readUInt32BE(4), wishes: data.readUInt32BE(8) }
  const known = offers[offered]
  if (version < 2 || version > offered) throw new MilterFailure(`speaks protocol ${version}`)
  if ((wanted.actions & ~known.actions) !== 0) {
    throw new MilterFailure(`wants actions 0x${wanted.actions.toString(16)}`)
  }
  if ((wanted.wishes & ~known.wishes) !== 0) {
    throw new MilterFailure(`wants protocol steps 0x${wanted.wishes.toString(16)}`)
  }
  return { version, ...wanted, macros: macroLists(data.subarray(12)) }
}

function macroLists(data: Buffer): ReadonlyMap<MacroStage, readonly string[]> {
  const lists = new Map<MacroStage, readonly string[]>()
  let rest = data
  while (rest.length > 4) {
    const stage = macroStages[rest.readUInt32BE(0)]
    const end = rest.indexOf(0, 4)
    if (stage === undefined || end === -1) throw new MilterFailure('names macros of no stage')
    const [names = ''] = decodeStrings(rest.subarray(4, end + 1), 'latin1')
    lists.set(stage, macroNames(names).slice(0, MACRO_NAMES_MAX))
    rest = rest.subarray(end + 1)
  }
  return lists
}

/** `i {auth_type}, v`: as filters and Postfix's parameters write them. */
export function macroNames(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '')
}
