// Which file has which uid: `dovecot-uidlist` (version 3, or 1 of older Dovecots) and Courier's `courierimapuiddb` (version 1).
//
//   3 V1234567890 N200 G00112233445566778899aabbccddeeff        1 1234567890 200
//   10 PUIDL-One S16 W19 :1.a.h                                 10 1.a.h
//
// The name is the last known one, so the part before the flags counts. The next uid goes stale: records are appended without the header.

import { parseFileName } from './file-name.ts'

export type UidList = {
  readonly uidValidity: number
  readonly uidNext: number
  /** By base name. */
  readonly records: ReadonlyMap<string, UidRecord>
}

export type UidRecord = {
  readonly uid: number
  /** What POP3 calls it, where it was given a name of its own. */
  readonly popId: string | undefined
  /** Where POP3 lists it, if not by its uid. */
  readonly popOrder: number | undefined
  /** The global id, where it is not the base name. */
  readonly guid: string | undefined
}

const UID_MAX = 2 ** 32 - 1

/** Undefined where it is no such list. Lines that are none are passed over, as Dovecot does. */
export function parseUidList(text: string): UidList | undefined {
  const end = text.indexOf('\n')
  const header = (end < 0 ? text : text.slice(0, end)).split(' ')
  const numbers =
    header[0] === '3' ? lettered(header) : header[0] === '1' ? counted(header) : undefined
  if (numbers === undefined) return undefined
  const records = new Map<string, UidRecord>()
  let last = 0
  let from = end < 0 ? text.length : end + 1
  while (from < text.length) {
    const to = text.indexOf('\n', from)
    // A line that is being written has no end yet.
    if (to < 0) break
    const record = parseRecord(text.slice(from, to), header[0] === '3')
    from = to + 1
    if (record === undefined || record.uid <= last) continue
    last = record.uid
    records.set(record.base, record)
  }
  return { uidValidity: numbers.uidValidity, uidNext: Math.max(numbers.uidNext, last + 1), records }
}

function lettered(header: readonly string[]) {
  const field = (letter: string) =>
    header.find((one, i) => i > 0 && one.startsWith(letter))?.slice(1)
  return valid(field('V'), field('N'))
}

const counted = (header: readonly string[]) => valid(header[1], header[2])

function valid(uidValidity: string | undefined, uidNext: string | undefined) {
  const value = uidOf(uidValidity)
  return value === undefined ? undefined : { uidValidity: value, uidNext: uidOf(uidNext) ?? 1 }
}

function uidOf(digits: string | undefined): number | undefined {
  if (digits === undefined || !/^\d{1,10}$/.test(digits)) return undefined
  const uid = Number(digits)
  return uid >= 1 && uid <= UID_MAX ? uid : undefined
}

function parseRecord(line: string, hasFields: boolean): (UidRecord & { base: string }) | undefined {
  const space = line.indexOf(' ')
  const uid = uidOf(line.slice(0, Math.max(0, space)))
  if (uid === undefined) return undefined
  if (!hasFields) {
    const name = line.slice(space + 1)
    return {
      uid,
      popId: undefined,
      popOrder: undefined,
      guid: undefined,
      base: parseFileName(name).base,
    }
  }
  // A name of POP3 may have a colon in it; what begins with one is the file.
  const colon = line.indexOf(' :', space) + 1
  if (colon === 0) return undefined
  const fields = line.slice(space + 1, colon).split(' ')
  const field = (letter: string) => fields.find((one) => one.startsWith(letter))?.slice(1)
  const { base } = parseFileName(line.slice(colon + 1))
  return { uid, popId: field('P'), popOrder: uidOf(field('O')), guid: field('G'), base }
}
